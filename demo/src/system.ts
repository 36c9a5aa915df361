import { createLogger } from '@friend-sync/sync-service';
import { createSyncService, type SyncService } from '@friend-sync/sync-service/daemon';
import { fillExample } from './example.ts';
import { type Installation, openInstallation } from './installation.ts';

const DEADLINE_MS = 120_000;

/** The whole system on real parts, with the example in it and every copy equal. */
export interface System extends Installation {
  readonly service: SyncService;
}

export interface SystemOptions {
  readonly say: (line: string) => void;
  readonly onApplied: (source: string, latencyMs: number) => void;
}

/** Does what an operator does on a new installation, the first load included. */
export async function openSystem({ say, onApplied }: SystemOptions): Promise<System> {
  const installation = await openInstallation({
    kind: 'demo',
    say,
    fill: async (user, friend) => {
      const { users, copies } = await fillExample(user, friend);
      say(`example: ${users} users, ${copies} copies of their names in two tables, all empty`);
    },
  });
  const { configuration, operations } = installation;
  const service = createSyncService({ configuration, log: createLogger('error'), onApplied });
  const close = async () => {
    await service.stop();
    await installation[Symbol.asyncDispose]();
  };
  try {
    await service.start();
    await operations.backfill(configuration.mapping.sources, DEADLINE_MS);
    await operations.passBarrier(DEADLINE_MS);
    say('first load: every copy equals its source');
    return { ...installation, service, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}
