import { SyncError, toSyncError } from '../../errors.ts';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import type { Database } from '../../infrastructure/mysql/database.ts';
import type { SourceStore, Store } from '../../infrastructure/mysql/store.ts';
import type { Stream } from '../proof/barrier.ts';

/** What own reads of one source work with. */
export interface ReadParts {
  readonly store: Store;
  readonly source: SourceStore;
  /** The user server that the connector follows. */
  readonly database: Database;
  readonly stream: Stream;
  /** The change topic. */
  readonly topic: string;
  readonly admin: KafkaAdmin;
  /** Throws while the source's rows must not be compared: its history is in doubt, or its table is not what it was. */
  readonly require: () => void;
  /** Nothing is waited for any more. */
  readonly signal: AbortSignal;
}

/** Has what goes wrong with a statement at a source's server told as that server's trouble, not as the friend database's. */
export async function atSource<T>(
  parts: Pick<ReadParts, 'database'>,
  server: Database,
  reading: Promise<T>,
): Promise<T> {
  return reading.catch((error) => {
    throw toSourceError(error, serverName(parts, server));
  });
}

/** How an operator knows the server that was asked. */
export function serverName({ database }: Pick<ReadParts, 'database'>, server: Database): string {
  return server === database ? 'the user database' : 'the replica that source.reads names';
}

function toSourceError(error: unknown, who: string): SyncError {
  const { kind, message } = toSyncError(error);
  if (kind === 'store_misconfigured') return new SyncError('contract_broken', `${who} refuses: ${message}`);
  return kind.startsWith('store_')
    ? new SyncError('user_database_unavailable', `${who}: ${message}`)
    : toSyncError(error);
}
