import type { Mapping } from '@friend-sync/connectors';
import { expect, test } from 'vitest';
import { applyChanges, type Doing } from './apply-changes.ts';
import { fingerprintsOf } from './fingerprints.ts';
import type { PlannedStep } from './planned-steps.ts';

const mapping = { sources: [{ name: 'account' }, { name: 'team' }] } as unknown as Mapping;
const settings = [{ topic: 't', name: 'cleanup.policy', value: 'compact' }];
const steps = (...kinds: PlannedStep['kind'][]): PlannedStep[] =>
  kinds.map((kind) => ({ kind, what: kind, commands: [kind], details: [], names: ['team'], settings }));

/** Notes what is done; daemons work by the mapping at the second look. */
function doing(mayDelete = true) {
  const done: string[] = [];
  let looks = 0;
  const configureTopic = async (topic: string, set: object) => void done.push(`${topic} ${JSON.stringify(set)}`);
  const running = async () => [{ state: '', troubles: [], sources: looks++ > 0 ? fingerprintsOf(mapping) : {} }];
  const parts = {
    servers: { configuration: { mapping }, admin: { configureTopic } },
    connect: {
      delete: async (name: string) => void done.push(`delete ${name}`),
      restart: async (name: string) => void done.push(`restart ${name}`),
    },
    executeMigration: async () => void done.push('migrate'),
    applyConnectors: async () => void done.push('connectors'),
    backfill: async (sources: { name: string }[]) => void done.push(`backfill ${sources.map(({ name }) => name)}`),
    store: async () => ({ daemons: { running } }),
  } as unknown as Doing;
  const shown: string[] = [];
  const events = {
    onStep: ({ kind }: PlannedStep) => void shown.push(kind),
    mayDo: async ({ kind }: PlannedStep) => kind !== 'delete' || mayDelete,
    onPart() {},
    onWait() {},
  };
  return { done, shown, apply: (some: PlannedStep[]) => applyChanges(parts, some, 10_000, events), looks: () => looks };
}

test('case 55: apply does each step after it has shown it, waits for daemons that work by the mapping, and leaves rights to others', async () => {
  const { done, shown, apply, looks } = doing();
  const all = steps('migrate', 'connectors', 'daemons', 'delete', 'backfill', 'revoke');
  expect(await apply(all)).toEqual(all.slice(-1));
  expect(done).toEqual(['migrate', 'connectors', 'delete team', 'backfill team']);
  expect(shown).toEqual(all.map(({ kind }) => kind));
  expect(looks()).toBe(2);
});

test('case 83: what doctor mends is done by the same steps: topics are set, and connectors that have failed restarted', async () => {
  const { done, apply } = doing();
  expect(await apply(steps('topics', 'restart'))).toEqual([]);
  expect(done).toEqual(['t {"cleanup.policy":"compact"}', 'restart team']);
});

test('case 55: where the operator says no, neither that step is done nor what follows', async () => {
  const { done, shown, apply } = doing(false);
  await expect(apply(steps('migrate', 'delete', 'backfill'))).rejects.toMatchObject({
    message: 'not done: delete; the same command goes on there',
  });
  expect({ done, shown }).toEqual({ done: ['migrate'], shown: ['migrate', 'delete'] });
});

test('case 55: where rights are missing, apply shows them and does nothing', async () => {
  const { done, shown, apply } = doing();
  await expect(apply(steps('grants', 'migrate'))).rejects.toMatchObject({ kind: 'store_misconfigured' });
  expect({ done, shown }).toEqual({ done: [], shown: ['grants'] });
});
