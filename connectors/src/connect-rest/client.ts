import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectorStatus, failureOf, isRunning } from './status.ts';
import { type ConnectorOffset, storedGtids } from './stored-position.ts';

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

  /** The classes of everything that the worker has on its `plugin.path`. */
  async plugins(): Promise<string[]> {
    const all = await this.#call<{ class: string }[]>('GET', '/connector-plugins?connectorsOnly=false');
    return all.map((plugin) => plugin.class);
  }

  /** By which the Kafka that the worker uses is known. */
  async kafkaClusterId(): Promise<string> {
    return (await this.#call<{ kafka_cluster_id: string }>('GET', '/')).kafka_cluster_id;
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
    for (const until = performance.now() + deadlineMs; ; await this.#delay(100)) {
      const status = await this.status(name);
      if (status?.state === 'STOPPED' && status.tasks.length === 0) return;
      if (performance.now() > until)
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
    const until = performance.now() + deadlineMs;
    let failedSince: number | undefined;
    for (;;) {
      const status = await this.status(name);
      const failure = status && failureOf(name, status);
      failedSince = failure ? (failedSince ?? performance.now()) : undefined;
      if (
        failure &&
        failedSince !== undefined &&
        performance.now() - failedSince >= Math.min(STALE_FAILURE_MS, deadlineMs)
      )
        throw new ConnectError(failure);
      if (isRunning(status)) return;
      if (performance.now() > until)
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
    const until = performance.now() + deadlineMs;
    while (storedGtids(await this.offsets(name)) === undefined) {
      await this.waitUntilRunning(name, Math.max(0, until - performance.now()));
      if (performance.now() > until) {
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
    const until = performance.now() + REBALANCE_MS;
    for (let wait = 100; ; wait = Math.min(wait * 2, 2_000)) {
      const { status, text } = await this.#request(method, route, body);
      if (status === 409 && performance.now() < until) {
        await this.#delay(wait);
        continue;
      }
      // A worker that starts answers so to everything, and must not pass for one that lacks a connector.
      if (status === 404 && errorOf(text)?.error_code !== 404) {
        const problem = 'knows no connectors yet; it is starting, or settings.connect.url is that of another server';
        throw new ConnectError(`Kafka Connect at ${this.#url} ${problem}`);
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

function path(name: string): string {
  return `/connectors/${encodeURIComponent(name)}`;
}

function sameConfig(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function messageOf(text: string): string {
  const message = errorOf(text)?.message;
  return typeof message === 'string' ? message : 'without a reason; look at its log';
}

/** What Connect says when it refuses; undefined for a proxy's page, or a server's own. */
function errorOf(text: string): { readonly error_code?: unknown; readonly message?: unknown } | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
