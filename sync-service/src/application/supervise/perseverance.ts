import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { SyncError, toSyncError } from '../../errors.ts';
import type { Health } from './health.ts';

const LONGEST_RETRY_MS = 10_000;
/** A halt is looked at again after at most so long, and told again after so long if it is the same. */
const LONGEST_HALT_MS = 5_000;
const TELL_AGAIN_MS = 30_000;
/** Contention is everyday, and no trouble, for so long. */
const CONTENTION_MS = 5_000;
/** While waiting, the group must hear of us: `alive` is called this often. */
const ALIVE_MS = 1_000;

/**
 * Runs work until it succeeds: what can be retried with a growing delay, what halts every five seconds. The one place
 * where a policy becomes behaviour.
 */
export class Perseverance {
  readonly #health: Health;
  readonly #log: Logger;
  readonly #haltMs: number;
  /** What was told of the parts that stand still, and when. */
  readonly #halts = new Map<string, { readonly problem: string; readonly at: number }>();

  constructor(health: Health, log: Logger, lookEveryMs: number) {
    this.#health = health;
    this.#log = log;
    this.#haltMs = Math.min(LONGEST_HALT_MS, lookEveryMs);
  }

  /**
   * Returns what `work` returns. Throws only `aborted`, and what `alive` throws while waiting (it is called at least
   * once a second). `part` is how operators see it in /readyz.
   */
  async run<T>(part: string, signal: AbortSignal, work: () => Promise<T>, alive?: () => Promise<void>): Promise<T> {
    let troubledAt: number | undefined;
    let isDone = false;
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          const result = await work();
          isDone = true;
          return result;
        } catch (caught) {
          const error = toSyncError(caught);
          if (error.policy.directive === 'stop' || signal.aborted)
            throw new SyncError('aborted', 'stopping', { cause: error });
          troubledAt ??= performance.now();
          const waitMs = this.#waitMs(error, attempt);
          this.#tell(part, error, waitMs, performance.now() - troubledAt > CONTENTION_MS);
          await this.#wait(waitMs, signal, alive);
        }
      }
    } finally {
      // Done, or no longer ours to do: another instance has it now.
      if (troubledAt !== undefined) {
        this.#health.clear(part);
        this.#halts.delete(part);
        this.#log.info({ part }, isDone ? 'goes on' : 'is given up here');
      }
    }
  }

  #waitMs({ kind, policy }: SyncError, attempt: number): number {
    if (policy.directive !== 'retry') return this.#haltMs;
    const base = kind === 'store_contended' ? 10 : 100;
    return Math.min(LONGEST_RETRY_MS, base * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2);
  }

  /** The longer the wait, the louder; a halt is an error. */
  #tell(part: string, error: SyncError, waitMs: number, isLong: boolean): void {
    const isHalt = error.policy.directive !== 'retry';
    if (error.kind !== 'store_contended' || isLong) this.#health.report(part, error);
    if (isHalt && this.#wasTold(part, error)) return;
    const level = isHalt ? 'error' : waitMs >= 1_000 || isLong ? 'warn' : 'debug';
    const detail = {
      part,
      kind: error.kind,
      problem: error.message,
      hint: error.policy.hint,
      retryInMs: Math.round(waitMs),
    };
    this.#log[level](detail, 'does not go on');
  }

  #wasTold(part: string, { message: problem }: SyncError): boolean {
    const last = this.#halts.get(part);
    const wasTold = last?.problem === problem && performance.now() - last.at < TELL_AGAIN_MS;
    if (!wasTold) this.#halts.set(part, { problem, at: performance.now() });
    return wasTold;
  }

  async #wait(ms: number, signal: AbortSignal, alive?: () => Promise<void>): Promise<void> {
    const until = performance.now() + ms;
    for (let left = ms; left > 0; left = until - performance.now()) {
      await delay(Math.min(left, ALIVE_MS), undefined, { signal }).catch(() => {
        throw new SyncError('aborted', 'stopping');
      });
      await alive?.();
    }
  }
}
