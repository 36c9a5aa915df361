import { expect, test } from 'vitest';
import type { Distrust, DistrustCause } from '../../infrastructure/mysql/state/reads-store.ts';
import type { SourceStore, Store } from '../../infrastructure/mysql/store.ts';
import { createLogger } from '../../log.ts';
import { Metrics } from '../../metrics.ts';
import { Health } from '../supervise/health.ts';
import { Trust } from './trust.ts';

const WRONG = Array.from({ length: 10 }, () => ({ isRight: false, columns: ['nick'] }));
const RIGHT = Array.from({ length: 200 }, () => ({ isRight: true, columns: [] }));
const WRONG_REASON = '10 of 10 changes said something else of nick than the source';

/** What is stored of one source's trust, and instances that share it. */
function openStored() {
  const stored = new Map<DistrustCause, string>();
  const reads = {
    async distrust(): Promise<Distrust[]> {
      return [...stored].map(([by, reason]) => ({ by, since: 'then', reason }));
    },
    setDistrust: async (_: unknown, by: DistrustCause, reason: string) => void stored.set(by, reason.slice(0, 255)),
    clearDistrust: async (_: unknown, by: DistrustCause) => void stored.delete(by),
  };
  const instance = () => {
    const health = new Health();
    const trust = new Trust({
      store: { database: {} } as Store,
      source: { schema: { mapping: { name: 'account' } }, reads } as unknown as SourceStore,
      health,
      metrics: new Metrics(),
      log: createLogger('fatal'),
    });
    return { trust, notes: () => health.troubles.map(({ problem }) => problem) };
  };
  return { stored, reads, instance };
}

test('a trust that was lost by proof does not come back with a DDL after which the picture is right', async () => {
  const { stored, instance } = openStored();
  const { trust, notes } = instance();
  await trust.weigh(WRONG);
  await trust.doubtTable('the table has changed');
  expect(notes()).toEqual([`since then UTC: ${WRONG_REASON}\nsince then UTC: the table has changed`]);
  await trust.clearTable();
  expect([trust.isGiven, [...stored.keys()]]).toEqual([false, ['proof']]);
  await trust.weigh(RIGHT);
  expect([trust.isGiven, notes()]).toEqual([true, []]);
});

test('changes that are right do not clear the doubt about a table', async () => {
  const { stored, instance } = openStored();
  const { trust } = instance();
  await trust.weigh(WRONG);
  await trust.doubtTable('the table has changed');
  await trust.weigh(RIGHT);
  expect([trust.isGiven, [...stored.keys()]]).toEqual([false, ['table']]);
  await trust.clearTable();
  expect(trust.isGiven).toBe(true);
});

test('what was read of the trust before a decision is not taken for newer than it', async () => {
  const { reads, instance } = openStored();
  const { trust } = instance();
  const { distrust } = reads;
  let answer: (none: Distrust[]) => void = () => {};
  reads.distrust = () => new Promise((resolve) => (answer = resolve));
  const learning = trust.learn();
  reads.distrust = distrust;
  await trust.doubtTable('the table has changed');
  answer([]);
  await learning;
  expect(trust.isGiven).toBe(false);
});

test('a doubt that is said again is not decided again, however long it is', async () => {
  const { reads, instance } = openStored();
  const { trust } = instance();
  const reason = 'column 1 is ref, the connector reads id; '.repeat(10);
  await trust.doubtTable(reason);
  reads.setDistrust = () => Promise.reject(new Error('decided again'));
  await trust.doubtTable(reason);
  expect(trust.isGiven).toBe(false);
});
