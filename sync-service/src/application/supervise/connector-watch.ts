import { type ConnectClient, connectsAgain, problemOf, remedyOf, statesOf } from '@friend-sync/connectors';
import { SyncError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Health } from './health.ts';
import { repeat } from './repeat.ts';
import { Silence } from './silence.ts';

const INTERVAL_MS = 2_000;
const FIRST_DELAY_MS = 2_000;
const LONGEST_DELAY_MS = 30_000;
/** A task that cannot go on is shown as running for a moment after each restart. */
const STEADY_LOOKS = 3;

export interface ConnectorWatchOptions {
  /** How operators see it in /readyz. */
  readonly part: string;
  /** How often the connector has said that it reads its server. */
  readonly heartbeats: () => Promise<bigint>;
  /** Called before a restart, which is put off where it throws. */
  readonly beforeRestart?: () => Promise<void>;
  /** It runs again, steadily, after it did not. Called again until it returns. */
  readonly onRecovered?: () => Promise<void>;
  /** What else to do when so many restarts in a row have not helped. */
  readonly hopeless?: {
    readonly restarts: number;
    readonly act: () => Promise<void>;
    /** Whether that was begun, by whomever, and has not come to its end: the connector may be stopped, which is no failure. */
    readonly wasBrokenOff: () => Promise<boolean>;
  };
}

export interface ConnectorWatch extends AsyncDisposable {
  /** Since when, by `performance.now`, it has failed again after each restart; undefined: it runs, or did so before it failed. */
  failingSince(): number | undefined;
}

/**
 * Restarts a connector, or its task, that has failed. Kafka Connect itself never does: a registry that is away for
 * half a minute ends the task for good. So is one restarted that looks as if it ran and is silent: it does not notice that
 * its connection to the server is gone. Several instances may watch one connector; a restart too many harms nothing.
 */
export function watchConnector(
  connect: ConnectClient,
  name: string,
  health: Health,
  log: Logger,
  options: ConnectorWatchOptions,
): ConnectorWatch {
  const { part, hopeless } = options;
  let isSteady = true;
  let goodLooks = 0;
  let restarts = 0;
  let isBrokenOff = false;
  let nextRestartAt = 0;
  let failingSince: number | undefined;
  const silence = new Silence(options.heartbeats, STEADY_LOOKS);

  async function look(): Promise<void> {
    const status = await connect.status(name).catch((error: Error) => error);
    isBrokenOff ||= (await hopeless?.wasBrokenOff().catch(() => false)) ?? false;
    const problem = isBrokenOff ? `a new beginning of connector ${name} was broken off` : problemOf(name, status);
    if (problem !== undefined) silence.forget();
    else if (await silence.isTooLong()) return restartSilent();
    else if (silence.isBroken) return;
    if (problem === undefined) {
      health.clear(part);
      goodLooks++;
      return isSteady || goodLooks < STEADY_LOOKS ? undefined : recovered();
    }
    isSteady = false;
    goodLooks = 0;
    const hint = isBrokenOff ? undefined : remedyOf(status);
    health.report(part, new SyncError('connector_failed', problem, { hint }));
    if (status instanceof Error || !status) return;
    if (!isBrokenOff && !statesOf(status).includes('FAILED')) return;
    failingSince ??= performance.now();
    if (performance.now() < nextRestartAt) return;
    try {
      await options.beforeRestart?.();
    } catch (err) {
      return log.warn({ connector: name, err }, 'connector has failed, and is not restarted');
    }
    const nextTryInMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** restarts);
    log.warn({ connector: name, nextTryInMs }, 'connector has failed, restarting it');
    nextRestartAt = performance.now() + nextTryInMs;
    const isHopeless = hopeless !== undefined && (isBrokenOff || restarts >= hopeless.restarts);
    restarts++;
    isBrokenOff = isHopeless;
    try {
      await (isHopeless ? hopeless.act() : connect.restart(name, { onlyFailed: true }));
      isBrokenOff = false;
    } catch (err) {
      log.warn({ err }, 'connector not restarted');
    }
  }

  /** Not counted as a failure: the server may be away, or stand still. */
  async function restartSilent(): Promise<void> {
    const config = await connect.config(name).catch(() => undefined);
    if (!config) return;
    // It needs no restart, and speaks elsewhere.
    if (connectsAgain(config)) {
      const problem = `connector ${name} has the configuration of another version; friend-sync connectors apply`;
      return health.report(part, new SyncError('connector_failed', problem));
    }
    isSteady = false;
    goodLooks = 0;
    health.report(part, new SyncError('connector_failed', `connector ${name} runs and says nothing`));
    try {
      await options.beforeRestart?.();
      log.warn({ connector: name }, 'connector is silent, restarting it');
      await connect.restart(name, { onlyFailed: false });
      silence.wasBroken();
    } catch (err) {
      log.warn({ connector: name, err }, 'connector is silent, and is not restarted');
    }
  }

  async function recovered(): Promise<void> {
    try {
      await options.onRecovered?.();
      isSteady = true;
      restarts = 0;
      isBrokenOff = false;
      failingSince = undefined;
    } catch (err) {
      log.warn({ err }, 'connector runs again; what follows from that is tried again');
    }
  }

  return Object.assign(repeat(INTERVAL_MS, look), { failingSince: () => failingSince });
}
