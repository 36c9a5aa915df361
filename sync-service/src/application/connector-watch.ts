import type { ConnectClient } from '@friend-sync/connectors';
import { SyncError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Health } from './health.ts';

const INTERVAL_MS = 2_000;
const FIRST_DELAY_MS = 2_000;
const LONGEST_DELAY_MS = 30_000;
const PART = 'connector';

/**
 * Restarts a connector, or its task, that has failed. Kafka Connect itself never does: a registry that is away for
 * half a minute ends the task for good. Several instances may watch one connector; a restart too many harms nothing.
 */
export function watchConnector(connect: ConnectClient, name: string, health: Health, log: Logger): AsyncDisposable {
  let delayMs = FIRST_DELAY_MS;
  let nextRestartAt = 0;
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
  }, INTERVAL_MS);

  async function look(): Promise<void> {
    // Connect that does not answer is not for us to restart; the barrier shows that nothing comes.
    const status = await connect.status(name).catch(() => undefined);
    if (!status) return;
    const states = [status.state, ...status.tasks.map(({ state }) => state)];
    if (!states.includes('FAILED')) {
      if (states.every((state) => state === 'RUNNING')) {
        delayMs = FIRST_DELAY_MS;
        health.clear(PART);
      }
      return;
    }
    health.report(PART, new SyncError('connector_failed', `connector ${name} or its task has failed`));
    if (Date.now() < nextRestartAt) return;
    log.warn({ connector: name, nextTryInMs: delayMs }, 'connector has failed, restarting it');
    nextRestartAt = Date.now() + delayMs;
    delayMs = Math.min(LONGEST_DELAY_MS, delayMs * 2);
    await connect.restart(name, { onlyFailed: true }).catch((err) => log.warn({ err }, 'connector not restarted'));
  }

  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await looking;
    },
  };
}
