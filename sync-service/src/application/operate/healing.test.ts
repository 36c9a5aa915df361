import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EPOCH_BEGINS, type HistoryLoss } from '../../infrastructure/mysql/state/server-state.ts';
import { createLogger } from '../../log.ts';
import { type HealingParts, watchHealing } from './healing.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A source that may heal after 10 s, and whose epochs never come past their first step. */
function watch() {
  const state = { loss: undefined as HistoryLoss | undefined, begun: 0, takenBack: 0, fails: false };
  const database = {};
  const epochBegins = async () => {
    state.begun++;
    if (state.fails) throw new Error('away');
    return new Promise(() => {});
  };
  const source = { name: 's', table: { database: 'd', table: 't' }, key: 'id', columns: [], copies: [] };
  const settings = {
    source: { host: 'h', port: 1, user: 'u', tls: false },
    kafka: { topicPrefix: 'p', partitions: 1, replicationFactor: 1, brokers: [] },
    connect: { connectorName: 'c' },
    lateCopies: { enabled: false },
    registry: { url: 'http://r' },
  };
  const configuration = { settings, mapping: { sources: [source] } };
  const watching = watchHealing({
    epoch: { configuration, store: { database, serverState: { epochBegins } } },
    source,
    reads: { mayHeal: async () => true, takeBackHealing: async () => state.takenBack++ },
    history: { loss: () => state.loss },
    connector: { failingSince: () => undefined },
    canServe: async () => true,
    afterMs: 10_000,
    log: createLogger('silent'),
  } as unknown as HealingParts);
  return { state, watching };
}

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1_000);

test('a new epoch that begins by itself is not waited for when the daemon stops, and is taken back', async () => {
  const { state, watching } = watch();
  state.loss = { reason: 'a row that lacks columns', mayHeal: true };
  await pass(8);
  expect(state.begun).toBe(0);
  await pass(10);
  expect(state.begun).toBe(1);
  await watching[Symbol.asyncDispose]();
  expect(state.takenBack).toBe(1);
});

test('no epoch begins beside one that somebody has begun, as long as its steps end; broken off, it is gone on with', async () => {
  const { state, watching } = watch();
  for (let step = 0; step < 4; step++) {
    state.loss = { reason: EPOCH_BEGINS, mayHeal: true, since: `step ${step}` };
    await pass(60);
  }
  expect(state.begun).toBe(0);
  await pass(60);
  expect(state.begun).toBe(1);
  await watching[Symbol.asyncDispose]();
});

test('one that began by itself and broke off is gone on with at the next look', async () => {
  const { state, watching } = watch();
  state.loss = { reason: 'a row that lacks columns', mayHeal: true };
  state.fails = true;
  await pass(14);
  const { begun } = state;
  expect(begun).toBeGreaterThanOrEqual(1);
  state.loss = { reason: EPOCH_BEGINS, mayHeal: true, since: 'its step' };
  await pass(2);
  expect(state.begun).toBe(begun + 1);
  await watching[Symbol.asyncDispose]();
});

test('one that somebody begins after our broken-off one has ended is let go on', async () => {
  const { state, watching } = watch();
  state.loss = { reason: 'a row that lacks columns', mayHeal: true };
  state.fails = true;
  await pass(13);
  const { begun } = state;
  expect(begun).toBe(1);
  state.loss = undefined;
  await pass(10);
  for (let step = 0; step < 4; step++) {
    state.loss = { reason: EPOCH_BEGINS, mayHeal: true, since: `step ${step}` };
    await pass(60);
  }
  expect(state.begun).toBe(begun);
  await watching[Symbol.asyncDispose]();
});
