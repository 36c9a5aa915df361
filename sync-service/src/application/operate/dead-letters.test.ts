import { loadConfiguration, type SourceMapping } from '@friend-sync/connectors';
import { expect, test } from 'vitest';
import type { SourceSchema } from '../../domain/source-schema.ts';
import {
  isMeant,
  type LetterFilter,
  listDeadLetters,
  planPurge,
  planReplay,
  replayLetters,
  type StoredLetter,
} from './dead-letters.ts';

const {
  settings,
  mapping: { sources },
} = loadConfiguration({
  text: 'sources: [{ name: user, table: u.user, key: id, copies: [{ table: f.friend, key: user_id, set: { nick: nick } }] }]',
  file: 'f.yaml',
  env: {},
});
const source = sources[0] as SourceMapping;
const [TOPIC, SCHEMA] = ['friend-sync.u.user', { keyKind: 'integer' } as SourceSchema];

/** A dead letter topic of one partition; each of its messages came a second after the one before. */
function letterTopic() {
  const messages: StoredLetter[] = [];
  const add = (key: string, value: Buffer, headers: Record<string, string | undefined>) =>
    messages.push({
      key: Buffer.from(key),
      value,
      headers,
      timestamp: String(messages.length * 1_000),
      offset: String(messages.length),
    });
  const read = async (_: string, onMessage: (message: StoredLetter, partition: number) => void) => {
    for (const message of messages) onMessage(message, 0);
  };
  const reads: unknown[][] = [];
  const parts = {
    settings,
    admin: {
      send: async (_: string, key: string | Buffer | null, value: string | Buffer | null, headers = {}) => {
        add(String(key), Buffer.from(value ?? ''), headers);
      },
    },
    requestReads: async (_: unknown, keys: readonly unknown[]) => {
      reads.push([...keys]);
    },
  };
  return {
    reads,
    /** A message at that offset of the change topic cannot be decoded. */
    die: (key: string, offset: number, reason: string, value = Buffer.from([0, 0, 0, 0, 7, 1])) =>
      add(key, value, {
        'origin of it': 'Ann',
        '__connect.errors.topic': TOPIC,
        '__connect.errors.partition': '2',
        '__connect.errors.offset': String(offset),
        '__connect.errors.exception.message': reason,
      }),
    list: () => listDeadLetters(settings, source, SCHEMA, read),
    replay: async (again = false) => {
      const plan = planReplay(await listDeadLetters(settings, source, SCHEMA, read), again);
      await replayLetters(parts, source, plan);
      return plan;
    },
  };
}

test('case 53: a key is replayed once for a reason; one that dies again for the same reason is told, and not replayed for ever', async () => {
  const { die, list, replay, reads } = letterTopic();
  const states = async () => (await list()).map(({ state }) => state);
  die('{"id":1}', 10, `${TOPIC}, partition 2, offset 10: unknown op`);
  die('{"id":1}', 11, `${TOPIC}, partition 2, offset 11: unknown op`);
  die('{"id":2}', 12, 'junk');
  die('no key', 13, 'junk');
  expect(await replay()).toMatchObject({ withoutKey: 1, replayed: 0, diedAgain: 0 });
  expect(await states()).toEqual(['replayed', 'replayed', 'replayed', 'new']);

  die('{"id":1}', 20, `${TOPIC}, partition 2, offset 20: unknown op`);
  die('{"id":2}', 21, 'other junk');
  expect(await states()).toEqual(['replayed', 'replayed', 'replayed', 'new', 'died again', 'new']);
  expect(await replay()).toMatchObject({ replayed: 3, diedAgain: 1 });
  expect(reads).toEqual([[1n, 2n], [2n]]);

  expect(await replay(true)).toMatchObject({ replayed: 0, diedAgain: 0 });
  expect(reads.at(-1)).toEqual([1n, 2n]);
  die('{"id":1}', 30, `${TOPIC}, partition 2, offset 30: unknown op`);
  expect((await states()).at(-1)).toBe('died again');
});

test('case 23: dead letters are chosen by key, reason and time, and what is told of them holds no value', async () => {
  const { die, list } = letterTopic();
  die('{"id":1}', 10, 'the bytes do not fit schema 7');
  die('{"id":9007199254740993}', 11, 'unknown op', Buffer.from('Ann'));
  const letters = await list();
  const chosen = (filter: LetterFilter) =>
    letters.filter((letter) => isMeant(letter, filter)).map(({ offset }) => offset);
  expect(chosen({})).toEqual([10n, 11n]);
  expect(chosen({ keys: ['9007199254740993', '2'] })).toEqual([11n]);
  expect(chosen({ reason: 'do not fit' })).toEqual([10n]);
  expect(chosen({ sinceMs: 1_000 })).toEqual([11n]);
  expect(chosen({ untilMs: 1_000 })).toEqual([10n]);
  expect(letters).toMatchObject([
    { key: 1n, valueBytes: 6, schemaId: 7, headers: ['origin of it'], stored: { partition: 0, offset: 0n } },
    { key: 9007199254740993n, valueBytes: 3, schemaId: undefined, stored: { partition: 0, offset: 1n } },
  ]);
  expect(JSON.stringify(letters, (_, one) => (typeof one === 'bigint' ? String(one) : one))).not.toContain('Ann');
});

test('a purge takes the beginning of the topic up to the first letter that is to stay, and nothing that comes meanwhile', async () => {
  const { die, list, replay } = letterTopic();
  die('{"id":1}', 10, 'junk');
  await replay();
  die('{"id":2}', 11, 'junk');
  expect(planPurge(await list(), 2_000)).toEqual({ letters: 1, left: 0, ends: new Map([[0, 1n]]) });
  expect(planPurge(await list(), Number.POSITIVE_INFINITY)).toEqual({ letters: 2, left: 0, ends: new Map([[0, 3n]]) });
  expect(planPurge(await list(), 0)).toEqual({ letters: 0, left: 0, ends: new Map() });
  const [first, second] = await list();
  if (!first || !second) throw new Error('there are no letters');
  const late = { ...first, stored: { partition: 0, offset: 5n } };
  expect(planPurge([second, late], 2_000)).toEqual({ letters: 0, left: 1, ends: new Map() });
});
