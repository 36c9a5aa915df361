import { type MysqlAddress, openStack, replicationFrom } from '@friend-sync/local-stack';
import { rootOf } from './root.ts';

const DELAY_SECONDS = 10;

/** A replica of the user server, always so far behind it. */
export interface LaggingReplica extends AsyncDisposable {
  readonly port: number;
}

/** The server must have logged all that it holds. */
export async function openLaggingReplica(dataDir: string, source: MysqlAddress): Promise<LaggingReplica> {
  // The other MySQL part, since its server has another id.
  const stack = await openStack({ dataDir, parts: ['friend-mysql'] });
  const replica = stack.friendMysql;
  await using root = rootOf(replica.port, 1);
  await root.write(
    'becoming a replica',
    replicationFrom(source, `SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 3600, SOURCE_DELAY = ${DELAY_SECONDS}`),
  );
  await root.write('becoming a replica', 'START REPLICA');
  return { port: replica.port, [Symbol.asyncDispose]: () => stack.down() };
}
