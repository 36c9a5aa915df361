import type { Mapping } from '@friend-sync/connectors';
import { expect, test } from 'vitest';
import { applyChanges, type Doing } from './apply-changes.ts';
import { fingerprintsOf } from './fingerprints.ts';
import type { PlannedStep } from './planned-steps.ts';

const mapping = { sources: [{ name: 'account' }, { name: 'team' }] } as unknown as Mapping;
const steps = (...kinds: PlannedStep['kind'][]): PlannedStep[] =>
  kinds.map((kind) => ({ kind, what: kind, commands: [kind], details: [], names: ['team'] }));

/** Notes what is done; daemons work by the mapping at the second look. */
function doing() {
  const done: string[] = [];
  let looks = 0;
  const running = async () => [{ state: '', troubles: [], sources: looks++ > 0 ? fingerprintsOf(mapping) : {} }];
  const parts = {
    servers: { configuration: { mapping } },
    connect: { delete: async (name: string) => void done.push(`delete ${name}`) },
    executeMigration: async () => void done.push('migrate'),
    applyConnectors: async () => void done.push('connectors'),
    backfill: async (sources: { name: string }[]) => void done.push(`backfill ${sources.map(({ name }) => name)}`),
    store: async () => ({ daemons: { running } }),
  } as unknown as Doing;
  const shown: string[] = [];
  const events = { onStep: ({ kind }: PlannedStep) => void shown.push(kind), onPart() {}, onWait() {} };
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

test('case 55: where rights are missing, apply shows them and does nothing', async () => {
  const { done, shown, apply } = doing();
  await expect(apply(steps('grants', 'migrate'))).rejects.toMatchObject({ kind: 'store_misconfigured' });
  expect({ done, shown }).toEqual({ done: [], shown: ['grants'] });
});
