import { expect, test } from 'vitest';
import { type Differences, planSteps } from './planned-steps.ts';

const SAME: Differences = {
  missing: [],
  surplus: [],
  migration: { fixed: [], mirrors: [] },
  unfit: [],
  topics: [],
  connectors: [{ name: 'c-account', outcome: 'unchanged', changes: [] }],
  former: [],
  daemons: [{ account: 'a' }],
  sources: { account: 'a' },
};
const kinds = (found: Partial<Differences>) => planSteps({ ...SAME, ...found }).map(({ kind }) => kind);
const step = (found: Partial<Differences>) => planSteps({ ...SAME, ...found })[0];

test('case 55: a plan has each step after those that it needs, and none where nothing differs', () => {
  expect(kinds({})).toEqual([]);
  const all = {
    missing: ['GRANT'],
    surplus: ['REVOKE'],
    migration: { fixed: ['CREATE TABLE'], mirrors: ['ALTER TABLE'] },
    unfit: ['d.friend: has no primary key'],
    topics: ['t.u.team'],
    former: ['c-old'],
    daemons: [{ account: 'before', old: 'o' }],
    sources: { account: 'a', team: 't' },
  };
  const after = ['connectors', 'daemons', 'delete', 'backfill', 'revoke'];
  expect(kinds(all)).toEqual(['grants', 'migrate', ...after]);
  expect(kinds({ ...all, missing: [] })).toEqual(['migrate', 'tables', ...after]);
});

test('case 55: nothing else is planned where it cannot be told for want of rights', () => {
  const lacking = { missing: ['GRANT'], migration: undefined, surplus: ['REVOKE'], daemons: [] };
  expect(planSteps({ ...SAME, ...lacking })).toMatchObject([
    {
      kind: 'grants',
      commands: ['GRANT'],
      details: [expect.stringContaining('misspells'), 'what follows can be told once they are there'],
    },
  ]);
});

test('case 55: daemons are restarted where one of them works by another mapping, or does not say by which', () => {
  expect(kinds({ daemons: [{ account: 'a' }, { account: 'b' }] })).toEqual(['daemons', 'backfill']);
  expect(kinds({ daemons: [undefined] })).toEqual(['daemons']);
  expect(kinds({ daemons: [{ account: 'a', gone: 'x' }] })).toEqual(['daemons']);
  expect(step({ daemons: [] })).toMatchObject({ what: 'no daemon runs: start one', commands: ['friend-sync start'] });
  const added = { sources: { account: 'a', team: 't' } };
  expect(kinds(added)).toEqual(['daemons']);
  expect(step(added)?.details).toEqual(['reads every row of team by itself']);
});

test('case 55: a connector that changes is named with its settings, one that is created without', () => {
  const changes = [{ name: 'table.include.list', from: 'a', to: 'b' }];
  const planned = step({
    topics: ['t.u.team'],
    connectors: [
      { name: 'c-account', outcome: 'begun anew', changes },
      { name: 'c-team', outcome: 'created', changes },
    ],
  });
  expect(planned).toMatchObject({
    commands: ['friend-sync connectors apply'],
    details: [
      'topic t.u.team: created',
      'connector c-account: begun anew',
      '  table.include.list: a -> b',
      'connector c-team: created',
    ],
  });
});
