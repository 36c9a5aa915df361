import { SyncError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { Health } from '../supervise/health.ts';
import type { Brake, Closed } from './brake.ts';
import type { FanOutEvents } from './copy-writer.ts';

/** A copy that cannot be written is tried again every few seconds while anything of it is pending: if nothing was, for so long, it is over. */
const UNFIT_MS = 15_000;
/** Of the keys that one copy lets wait for one kind of fault, the log names one so often, and counts the others. */
const NAME_KEY_EVERY_MS = 60_000;

/** Tells when the brake closes and opens, once each; a pause makes the service unready, so that it is not forgotten. */
export function brakeListener(metrics: Metrics, health: Health, log: Logger): (closed: Closed | undefined) => void {
  let told: Closed['by'] | undefined;
  return (closed) => {
    if (closed?.by === 'pause') health.report('fan-out', new SyncError('fan_out_paused', closed.reason));
    else health.clear('fan-out');
    metrics.braked.set(closed ? 1 : 0);
    if (closed?.by === told) return;
    told = closed?.by;
    log[told === 'rate' ? 'debug' : 'info'](
      { by: told, reason: closed?.reason },
      closed ? 'fan-out waits' : 'fan-out goes on',
    );
  };
}

export function fanOutEvents(
  metrics: Metrics,
  brake: Brake,
  health: Health,
  log: Logger,
  onApplied: ((source: string, latencyMs: number) => void) | undefined,
): FanOutEvents {
  return {
    onWritten(copyCount) {
      brake.spent(copyCount);
      metrics.copiesWritten.inc(copyCount);
      metrics.recent.wrote(copyCount);
    },
    onApplied(source, committedAtMs) {
      const now = Date.now();
      for (const at of committedAtMs) {
        metrics.appliedSeconds.observe(Math.max(0, now - at) / 1000);
        metrics.recent.applied(now - at);
        onApplied?.(source, now - at);
      }
    },
    onPostponed: postponedListener(metrics, log),
    onFit: fitListener(health, log),
  };
}

/** Counts keys that wait, and names one now and then: thousands may, and be tried again and again. */
function postponedListener(metrics: Metrics, log: Logger): FanOutEvents['onPostponed'] {
  const told = new Map<string, { readonly at: number; unnamed: number }>();
  return (source, error, key, copy) => {
    const { kind, message: problem, policy } = error;
    metrics.postponed.inc({ source, kind });
    const cause = `${source} ${copy} ${kind}`;
    const last = told.get(cause);
    if (last && performance.now() - last.at < NAME_KEY_EVERY_MS) {
      last.unnamed++;
      return;
    }
    told.set(cause, { at: performance.now(), unnamed: 0 });
    const level = kind === 'store_refused' ? 'warn' : 'debug';
    const unnamed = last?.unnamed ?? 0;
    log[level]({ source, copy, key: String(key), kind, problem, hint: policy.hint, unnamed }, 'a key waits');
  };
}

/** Tells of a copy mapping that cannot be written, once for each reason, and when it can be again; not of its keys. */
function fitListener(health: Health, log: Logger): FanOutEvents['onFit'] {
  const told = new Map<string, { readonly problem: string; readonly timer: NodeJS.Timeout }>();
  return function onFit(copy, error) {
    const part = `copies by ${copy}`;
    const before = told.get(copy);
    clearTimeout(before?.timer);
    if (error) {
      health.report(part, error);
      // It is held by now, or another instance has written what was pending.
      const timer = setTimeout(onFit, UNFIT_MS, copy, undefined).unref();
      told.set(copy, { problem: error.message, timer });
    } else {
      told.delete(copy);
      health.clear(part);
    }
    if (before?.problem === error?.message) return;
    if (error) log.error({ part, kind: error.kind, problem: error.message, hint: error.policy.hint }, 'does not go on');
    else log.info({ part }, 'goes on');
  };
}
