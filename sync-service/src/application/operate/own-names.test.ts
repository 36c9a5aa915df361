import { loadConfiguration } from '@friend-sync/connectors';
import { expect, onTestFinished, test } from 'vitest';
import { requireOwnNames, requireOwnNamesIfToldSoon } from './own-names.ts';

const [OURS, THEIRS] = ['1', '2'].map((digit) => digit.repeat(36)) as [string, string];
const configuration = loadConfiguration({
  text: 'sources: [{ name: user, table: u.t, key: id, copies: [{ table: d.f, key: fk, set: { a: b } }] }]',
  file: 'f.yaml',
  env: {},
});

interface World {
  readonly mark?: string;
  readonly topics?: readonly string[];
  readonly read?: readonly string[];
}

/** What the system with the mark OURS finds there. */
const partsOf = ({ mark, topics = [], read = [] }: World) => ({
  configuration,
  store: { mark: OURS },
  admin: { topics: async () => topics, groupTopics: async () => read },
  connect: { config: async () => (mark ? { 'friend.sync.mark': mark } : {}) },
});

test.each<World>([
  {},
  { mark: OURS, topics: [`friend-sync.system.${OURS}`, `elsewhere.system.${THEIRS}`], read: ['friend-sync.u.t'] },
  // A system of the version before.
  { topics: ['friend-sync.u.t', 'friend-sync.system.table'], read: ['friend-sync.u.other'] },
])('case 68: names that are ours, or nobody’s, are taken: %j', async (world) => {
  await requireOwnNames(partsOf(world));
});

test.each<[World, RegExp]>([
  [{ mark: THEIRS }, /^connector friend-sync-late-copies is another system's .*\nconnector friend-sync-source-user is/],
  [
    { topics: [`friend-sync.system.${THEIRS}`] },
    /^topics that begin with friend-sync are another system's .*system\.2+\)/,
  ],
  [{ topics: [`friend-sync-late-copies.system.${THEIRS}`] }, /^topics that begin with friend-sync-late-copies are/],
  [{ read: ['elsewhere.u.t'] }, /^consumer group friend-sync is another system's: it reads elsewhere\.u\.t/],
])('case 68: names of another system are refused, with the settings to change: %j', async (world, told) => {
  const parts = partsOf(world);
  await expect(requireOwnNames(parts)).rejects.toMatchObject({ kind: 'contract_broken' });
  await expect(requireOwnNames(parts)).rejects.toThrow(told);
  await expect(requireOwnNamesIfToldSoon(parts)).rejects.toThrow(/give this system a kafka\.topicPrefix/);
});

test('a daemon starts while nobody can be asked', async () => {
  const admin = { ...partsOf({}).admin, topics: () => Promise.reject(new Error('away')) };
  await requireOwnNamesIfToldSoon({ ...partsOf({ mark: THEIRS }), admin });
});

test('case 68: a daemon starts, and lives on, where Connect refuses while Kafka has yet to answer', async () => {
  const unheard: unknown[] = [];
  const hear = (reason: unknown) => unheard.push(reason);
  process.on('unhandledRejection', hear);
  onTestFinished(() => void process.off('unhandledRejection', hear));
  const parts = partsOf({});
  let answer = (_topics: string[]): void => {};
  const topics = new Promise<string[]>((resolve) => {
    answer = resolve;
  });
  const asked = requireOwnNames({
    ...parts,
    admin: { ...parts.admin, topics: () => topics },
    connect: { config: () => Promise.reject(new Error('away')) },
  });
  // Unheard rejections are told of once what is at hand has run.
  const told = expect(asked).rejects.toThrow('away');
  await new Promise(setImmediate);
  answer([]);
  await told;
  expect(unheard).toEqual([]);
});
