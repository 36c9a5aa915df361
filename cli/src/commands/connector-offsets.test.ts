import { loadConfiguration } from '@friend-sync/connectors';
import { Command } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { addConnectorOffsets } from './connector-offsets.ts';

const SOURCE = (name: string) =>
  `  - { name: ${name}, table: u.${name}, key: id, copies: [{ table: f.${name}, key: ${name}_id, set: { a: a } }] }`;
const configuration = loadConfiguration({
  text: `sources:\n${['user', 'club'].map(SOURCE).join('\n')}`,
  file: 'f.yaml',
  env: {},
});

const begun: string[][] = [];
const operations = {
  planEpoch: async (sources: { name: string }[]) =>
    sources.map((source) => ({ source, topic: 't', connector: 'c', historyLost: undefined })),
  beginEpoch: async (sources: { name: string }[]) => begun.push(sources.map(({ name }) => name)),
};
vi.mock('../context.ts', () => ({ withOperations: (_: unknown, work: (one: unknown) => unknown) => work(operations) }));
afterEach(() => {
  vi.restoreAllMocks();
  begun.length = 0;
});

test.each([
  [['friend-sync-source-club'], []],
  [['friend-sync-source-club', '--execute'], [['club']]],
  [['--execute'], [['user', 'club']]],
])('case 91: connectors offsets reset %j begins an epoch of these sources: %j', async (args, epochs) => {
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const program = new Command();
  addConnectorOffsets(program, () => ({ configuration, json: true }));
  await program.parseAsync(['node', 'friend-sync', 'offsets', 'reset', ...args]);
  expect(begun).toEqual(epochs);
});
