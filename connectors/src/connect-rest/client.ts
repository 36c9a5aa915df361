import { setTimeout as delay } from 'node:timers/promises';

const TIMEOUT_MS = 15_000;
/** A rebalance of the Connect group answers 409 and is over within seconds. */
const REBALANCE_MS = 30_000;
/** After a new configuration or a restart, the failure before it is shown for a moment. */
const STALE_FAILURE_MS = 2_000;

/** Kafka Connect could not be reached, or refused. The message says what, where and why, and holds no configuration. */
export class ConnectError extends Error {
  /** HTTP status; undefined where there was no answer. */
  readonly status: number | undefined;
  /** It was not waited for any longer, because of the client's signal. */
  readonly isStopping: boolean;

  constructor(message: string, status?: number, options?: ErrorOptions & { isStopping?: boolean }) {
    super(message, options);
    this.name = 'ConnectError';
    this.status = status;
    this.isStopping = options?.isStopping ?? false;
  }
}

export interface ConnectorStatus {
  readonly state: string;
  /** Why the connector itself has failed; its tasks have their own. */
  readonly trace?: string;
  readonly tasks: readonly { readonly id: number; readonly state: string; readonly trace?: string }[];
}

export interface ConnectorOffset {
  readonly partition: Readonly<Record<string, unknown>>;
  readonly offset: Readonly<Record<string, unknown>>;
}

/** The REST interface of Kafka Connect, as far as friend-sync operates it. */
export class ConnectClient {
  readonly #url: string;
  readonly #signal: AbortSignal | undefined;

  /** Once `signal` is aborted, whatever is asked or waited for fails. */
  constructor(url: string, signal?: AbortSignal) {
    this.#url = url.replace(/\/+$/, '');
    this.#signal = signal;
  }

  /** What Connect finds wrong with a configuration, by its key; empty: nothing. Database and Kafka are tried out. */
  async validate(config: Readonly<Record<string, string>>): Promise<{ key: string; message: string }[]> {
    const plugin = encodeURIComponent(config['connector.class'] ?? '');
    const body = { name: 'validation', ...config };
    const result = await this.#call<Validation>('PUT', `/connector-plugins/${plugin}/config/validate`, body);
    return result.configs.flatMap(({ value }) =>
      (value?.errors ?? []).map((message) => ({ key: value?.name ?? '', message })),
    );
  }

  /** The names of all connectors. */
  names(): Promise<string[]> {
    return this.#call('GET', '/connectors');
  }

  /** Creates a connector that runs no task until it is resumed. */
  async createStopped(name: string, config: Readonly<Record<string, string>>): Promise<void> {
    await this.#call('POST', '/connectors', { name, config, initial_state: 'STOPPED' });
  }

  /** Creates the connector, or gives it this configuration; does nothing if it has it already. */
  async apply(name: string, config: Readonly<Record<string, string>>): Promise<'created' | 'updated' | 'unchanged'> {
    const current = await this.config(name);
    if (current && sameConfig(current, { ...config, name })) return 'unchanged';
    await this.#call('PUT', `${path(name)}/config`, config);
    return current ? 'updated' : 'created';
  }

  /** The connector's configuration; undefined where there is no such connector. */
  config(name: string): Promise<Record<string, string> | undefined> {
    return this.#callUnlessMissing('GET', `${path(name)}/config`);
  }

  /** Undefined where there is no such connector. */
  async status(name: string): Promise<ConnectorStatus | undefined> {
    const status = await this.#callUnlessMissing<{
      connector: Pick<ConnectorStatus, 'state' | 'trace'>;
      tasks: ConnectorStatus['tasks'];
    }>('GET', `${path(name)}/status`);
    return status && { ...status.connector, tasks: status.tasks };
  }

  /** Restarts the connector and its tasks; with `onlyFailed`, those that have failed. */
  async restart(name: string, { onlyFailed }: { onlyFailed: boolean }): Promise<void> {
    await this.#call('POST', `${path(name)}/restart?includeTasks=true&onlyFailed=${onlyFailed}`);
  }

  async pause(name: string): Promise<void> {
    await this.#call('PUT', `${path(name)}/pause`);
  }

  async resume(name: string): Promise<void> {
    await this.#call('PUT', `${path(name)}/resume`);
  }

  /** Stopped, a connector runs no task and its offsets may be deleted. */
  async stop(name: string): Promise<void> {
    await this.#call('PUT', `${path(name)}/stop`);
  }

  /** Deletes the connector; its stored offsets stay. One that does not exist is fine. */
  async delete(name: string): Promise<void> {
    await this.#callUnlessMissing('DELETE', path(name));
  }

  /** Returns once the connector is stopped and none of its tasks is left. */
  async waitUntilStopped(name: string, deadlineMs: number): Promise<void> {
    for (const until = Date.now() + deadlineMs; ; await this.#delay(100)) {
      const status = await this.status(name);
      if (status?.state === 'STOPPED' && status.tasks.length === 0) return;
      if (Date.now() > until)
        throw new ConnectError(
          `connector ${name} is not stopped after ${deadlineMs} ms (${status?.state ?? 'there is none'}); look at Connect's log`,
        );
    }
  }

  /** What the connector has stored of its position in the source. */
  async offsets(name: string): Promise<ConnectorOffset[]> {
    const { offsets } = await this.#call<{ offsets: ConnectorOffset[] }>('GET', `${path(name)}/offsets`);
    return offsets;
  }

  /** The connector must be stopped. It begins at the source's current position when it is resumed. */
  async deleteOffsets(name: string): Promise<void> {
    await this.#call('DELETE', `${path(name)}/offsets`);
  }

  /** Returns once the connector and all its tasks run; fails with the cause where one stays failed. */
  async waitUntilRunning(name: string, deadlineMs: number): Promise<void> {
    const until = Date.now() + deadlineMs;
    let failedSince: number | undefined;
    for (;;) {
      const status = await this.status(name);
      const failure = status && failureOf(name, status);
      failedSince = failure ? (failedSince ?? Date.now()) : undefined;
      if (failure && failedSince !== undefined && Date.now() - failedSince >= Math.min(STALE_FAILURE_MS, deadlineMs))
        throw new ConnectError(failure);
      if (isRunning(status)) return;
      if (Date.now() > until)
        throw new ConnectError(
          `connector ${name} does not run after ${deadlineMs} ms (${status?.state ?? 'not created'}); look at Connect's log`,
        );
      await this.#delay(100);
    }
  }

  /**
   * Returns once the connector has stored a position. Until then it may still be choosing where to begin, and what the
   * source commits is not sent.
   */
  async waitUntilPositioned(name: string, deadlineMs: number): Promise<void> {
    const until = Date.now() + deadlineMs;
    while (storedGtids(await this.offsets(name)) === undefined) {
      await this.waitUntilRunning(name, Math.max(0, until - Date.now()));
      if (Date.now() > until) {
        throw new ConnectError(
          `connector ${name} has stored no GTID set after ${deadlineMs} ms; check that the source has gtid_mode=ON, and Connect's log`,
        );
      }
      await this.#delay(100);
    }
  }

  async #callUnlessMissing<T>(method: string, route: string): Promise<T | undefined> {
    return this.#call<T>(method, route).catch((error) => {
      if (error instanceof ConnectError && error.status === 404) return undefined;
      throw error;
    });
  }

  async #call<T>(method: string, route: string, body?: unknown): Promise<T> {
    const until = Date.now() + REBALANCE_MS;
    for (let wait = 100; ; wait = Math.min(wait * 2, 2_000)) {
      const { status, text } = await this.#request(method, route, body);
      if (status === 409 && Date.now() < until) {
        await this.#delay(wait);
        continue;
      }
      if (status < 200 || status > 299) {
        const problem = `answers ${status} to ${method} ${route}: ${messageOf(text)}`;
        throw new ConnectError(`Kafka Connect at ${this.#url} ${problem}`, status);
      }
      try {
        return (text ? JSON.parse(text) : undefined) as T;
      } catch {
        const problem = `answers ${method} ${route} with no JSON; check settings.connect.url`;
        throw new ConnectError(`Kafka Connect at ${this.#url} ${problem}`, status);
      }
    }
  }

  async #delay(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#signal }).catch(() => {
      throw stopping();
    });
  }

  async #request(method: string, route: string, body: unknown): Promise<{ status: number; text: string }> {
    // Not AbortSignal.any: Node 20 may collect the timer's signal, which then never fires.
    const ending = new AbortController();
    const timer = setTimeout(() => ending.abort(), TIMEOUT_MS);
    const stop = () => ending.abort();
    this.#signal?.addEventListener('abort', stop);
    try {
      this.#signal?.throwIfAborted();
      const response = await fetch(this.#url + route, {
        method,
        signal: ending.signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      return { status: response.status, text: await response.text() };
    } catch (cause) {
      if (this.#signal?.aborted) throw stopping();
      const problem = ending.signal.aborted
        ? `has not answered ${method} ${route} within ${TIMEOUT_MS / 1000} s; look at its log and its load`
        : 'does not answer; check that it runs and settings.connect.url';
      throw new ConnectError(`Kafka Connect at ${this.#url} ${problem}`, undefined, { cause });
    } finally {
      clearTimeout(timer);
      this.#signal?.removeEventListener('abort', stop);
    }
  }
}

const stopping = () => new ConnectError('not waited for any longer', undefined, { isStopping: true });

interface Validation {
  /** `value` is null for what is defined but was not given. */
  readonly configs: readonly { readonly value: { readonly name: string; readonly errors: readonly string[] } | null }[];
}

/** Why a connector sends nothing, in the words of an operator, the cause left out; undefined where it and its task run. */
export function problemOf(name: string, status: ConnectorStatus | undefined | Error): string | undefined {
  if (status instanceof Error) return status.message;
  if (!status) return `there is no connector ${name}; friend-sync connectors apply`;
  const idle = statesOf(status).find((state) => state !== 'RUNNING');
  return idle && `connector ${name} or its task is ${idle}`;
}

/** Whether it runs, and a task of it. */
export function isRunning(status: ConnectorStatus | undefined): boolean {
  return status !== undefined && status.tasks.length > 0 && statesOf(status).every((state) => state === 'RUNNING');
}

/** Of the connector and its tasks. */
export const statesOf = ({ state, tasks }: ConnectorStatus): string[] => [state, ...tasks.map((task) => task.state)];

function failureOf(name: string, { state, trace, tasks }: ConnectorStatus): string | undefined {
  if (state === 'FAILED') return `connector ${name} has failed: ${causeOf(trace)}`;
  const failed = tasks.find((task) => task.state === 'FAILED');
  return failed && `task ${failed.id} of connector ${name} has failed: ${causeOf(failed.trace)}`;
}

/** The GTID set up to which a MySQL connector has sent everything; undefined while it has stored no position. */
export function storedGtids(offsets: readonly ConnectorOffset[]): string | undefined {
  const gtids = offsets[0]?.offset.gtids;
  return typeof gtids === 'string' ? gtids : undefined;
}

function path(name: string): string {
  return `/connectors/${encodeURIComponent(name)}`;
}

function sameConfig(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // A proxy's page.
  }
  return 'without a reason; look at its log';
}

/** The innermost cause that a Java stack trace names: the outer ones only say that something failed. */
function causeOf(trace = ''): string {
  const causes = trace.split('\n').filter((line) => line.startsWith('Caused by: '));
  return (causes.at(-1)?.slice('Caused by: '.length) ?? trace.split('\n')[0] ?? 'no trace').slice(0, 500);
}

/** Where the connector stands in its server's binary logs; undefined as long as it has stored no position. */
export function storedPlace(
  offsets: readonly ConnectorOffset[],
): { gtids: string; file: string; pos: number; eventAtMs: number | undefined } | undefined {
  const gtids = storedGtids(offsets);
  const { file, pos, ts_sec: seconds } = offsets[0]?.offset ?? {};
  const eventAtMs = typeof seconds === 'number' ? seconds * 1000 : undefined;
  return gtids === undefined ? undefined : { gtids, file: String(file), pos: Number(pos), eventAtMs };
}
