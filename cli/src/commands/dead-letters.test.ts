import { loadConfiguration } from '@friend-sync/connectors';
import type { ListedLetter } from '@friend-sync/sync-service';
import { Command } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { addDeadLetters } from './dead-letters.ts';

const configuration = loadConfiguration({
  text: 'sources: [{ name: user, table: u.user, key: id, copies: [{ table: f.friend, key: user_id, set: { nick: nick } }] }]',
  file: 'f.yaml',
  env: {},
});
const letter = (partition: number, offset: bigint): ListedLetter => ({
  source: 'user',
  partition,
  offset,
  key: 42n,
  reason: 'the bytes do not fit schema 7',
  at: new Date('2026-01-31T12:00:00Z'),
  state: 'died again',
  stored: { partition: 0, offset: 3n },
  valueBytes: 10,
  schemaId: 7,
  headers: ['origin'],
});
const operations = { configuration, deadLetters: async () => [letter(2, 11n), letter(2, 12n)] };
vi.mock('../context.ts', () => ({ withOperations: (_: unknown, work: (one: unknown) => unknown) => work(operations) }));
afterEach(() => {
  vi.restoreAllMocks();
});

async function show(...args: string[]): Promise<string> {
  const told: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => told.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const program = new Command();
  addDeadLetters(program, () => ({ configuration, json: false }));
  await program.parseAsync(['node', 'friend-sync', 'dead-letters', 'show', ...args]);
  return told.join('');
}

test('case 23: dead-letters show tells of the one at a place where it was, where it is, and what is wrong with it', async () => {
  const told = await show('2:11');
  expect(told.match(/^message:/gm)).toHaveLength(1);
  for (const line of [
    /^table: +u\.user, key id$/m,
    /^message: +friend-sync\.u\.user, partition 2, offset 11$/m,
    /^kept: +friend-sync\.u\.user\.dead-letter, partition 0, offset 3$/m,
    /^key: +42$/m,
    /^reason: +the bytes do not fit schema 7$/m,
    /^value: +10 bytes, says schema 7$/m,
    /^headers: +origin$/m,
    /^state: +died again$/m,
  ])
    expect(told).toMatch(line);
  expect((await show('--key', '42')).match(/^message:/gm)).toHaveLength(2);
  expect(await show('--key', '43')).toBe('');
});
