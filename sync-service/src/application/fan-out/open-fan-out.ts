import type { Settings } from '@friend-sync/connectors';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';
import type { Logger } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { Health } from '../supervise/health.ts';
import type { Perseverance } from '../supervise/perseverance.ts';
import { Brake } from './brake.ts';
import type { FanOutEvents } from './copy-writer.ts';
import { FanOut } from './fan-out.ts';
import { brakeListener, fanOutEvents } from './fan-out-events.ts';

export interface OpenFanOutParts {
  readonly store: Store;
  readonly settings: Pick<Settings, 'fanOut' | 'brake'>;
  /** Of the friend server, that the brake watches. */
  readonly replicas: readonly Database[];
  readonly perseverance: Perseverance;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** A pass over a key's copies was committed, so many ms after the source's commit. */
  readonly onApplied: ((source: string, latencyMs: number) => void) | undefined;
}

/** The workers by these settings, not started yet, and what is to be told of copies that somebody else writes. */
export function openFanOut(parts: OpenFanOutParts): { fanOut: FanOut; events: FanOutEvents } {
  const { store, settings, perseverance, health, metrics, log } = parts;
  const brake = new Brake(store, parts.replicas, settings.brake);
  const events = fanOutEvents(metrics, brake, health, log, parts.onApplied);
  // What the rate would not let through is not claimed, only to be released again.
  const atMost = (count: number) => Math.min(count, settings.brake.rowsPerSecond ?? count);
  const { chunkRows, claimKeys } = settings.fanOut;
  const limits = { ...settings.fanOut, chunkRows: atMost(chunkRows), claimKeys: atMost(claimKeys) };
  return {
    events,
    fanOut: new FanOut(store, limits, events, perseverance, brake, brakeListener(metrics, health, log)),
  };
}
