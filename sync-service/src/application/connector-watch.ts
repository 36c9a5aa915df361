import type { ConnectClient, ConnectorStatus } from '@friend-sync/connectors';
import { SyncError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Health } from './health.ts';
import { repeat } from './repeat.ts';

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

  async function look(): Promise<void> {
    const status = await connect.status(name).catch((error: Error) => error);
    const problem = problemOf(name, status);
    if (problem === undefined) {
      delayMs = FIRST_DELAY_MS;
      return health.clear(PART);
    }
    health.report(PART, new SyncError('connector_failed', problem));
    if (status instanceof Error || !status || !statesOf(status).includes('FAILED') || Date.now() < nextRestartAt)
      return;
    log.warn({ connector: name, nextTryInMs: delayMs }, 'connector has failed, restarting it');
    nextRestartAt = Date.now() + delayMs;
    delayMs = Math.min(LONGEST_DELAY_MS, delayMs * 2);
    await connect.restart(name, { onlyFailed: true }).catch((err) => log.warn({ err }, 'connector not restarted'));
  }

  return repeat(INTERVAL_MS, look);
}

const statesOf = ({ state, tasks }: ConnectorStatus): string[] => [state, ...tasks.map((task) => task.state)];

/** Why nothing comes from the source; undefined where the connector and its task run. */
function problemOf(name: string, status: ConnectorStatus | undefined | Error): string | undefined {
  if (status instanceof Error) return status.message;
  if (!status) return `there is no connector ${name}; friend-sync connectors apply`;
  const idle = statesOf(status).find((state) => state !== 'RUNNING');
  return idle && `connector ${name} or its task is ${idle}`;
}
