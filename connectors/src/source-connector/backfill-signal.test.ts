import { expect, test } from 'vitest';
import { loadConfiguration } from '../configuration/load.ts';
import { backfillSignals } from './backfill-signal.ts';

function signals(keys?: readonly (bigint | string)[], table = 'user_db.im_user') {
  const { settings, mapping } = loadConfiguration({
    text: `sources: [{ name: user, table: "${table}", key: id, copies: [{ table: d.t, key: user_id, set: { a: b } }] }]`,
    file: 'f.yaml',
    env: {},
    overrides: { kafka: { topicPrefix: 'p' } },
  });
  return mapping.sources
    .flatMap((source) => backfillSignals({ id: 'x', settings, source, ...(keys ? { keys } : {}) }))
    .map(({ topic, key, value }) => ({ topic, key, value: JSON.parse(value) }));
}

const filters = (keys: readonly (bigint | string)[]) =>
  signals(keys).map(({ value }) => value.data['additional-conditions'][0].filter);

test('a whole source is one signal without a condition', () => {
  const data = { type: 'incremental', 'data-collections': ['user_db.im_user'] };
  expect(signals()).toEqual([{ topic: 'p.signal.user', key: 'p', value: { id: 'x', type: 'execute-snapshot', data } }]);
});

test('keys beyond 2^53 stay exact', () => {
  expect(filters([18446744073709551615n, -1n])).toEqual(['`id` IN (18446744073709551615, -1)']);
});

test('no character of a text key can end its literal', () => {
  expect(filters(["a'\\", 'ü'])).toEqual(["`id` IN (_utf8mb4 X'61275c', _utf8mb4 X'c3bc')"]);
});

test('many keys are several signals, each with its own id', () => {
  const sent = signals(Array.from({ length: 1_001 }, (_, i) => BigInt(i)));
  expect(sent.map(({ value }) => value.id)).toEqual(['x', 'x-2', 'x-3']);
  expect(sent.map(({ value }) => value.data['additional-conditions'][0].filter.split(',').length)).toEqual([
    500, 500, 1,
  ]);
});

test('no keys are no signal', () => {
  expect(signals([])).toEqual([]);
});

test('a name is a literal in Debezium’s regular expression, and its condition has the same', () => {
  const [signal] = signals([1n], 'a$b.c+d');
  expect(signal?.value.data['data-collections']).toEqual(['a\\$b.c\\+d']);
  expect(signal?.value.data['additional-conditions'][0]['data-collection']).toBe('a\\$b.c\\+d');
});
