import { expect, test } from 'vitest';
import type { Change } from './change.ts';
import { coalesce } from './coalesce.ts';
import { decide, type MirrorRow } from './decide.ts';
import type { Doubt } from './doubt.ts';

const AT = { epoch: 1, partition: 2, offset: 100n };
const known: MirrorRow = { key: 7n, values: ['new', null], position: AT, isDeleted: false, committedAtMs: null };

function change(offset: bigint, values: Change['values'], isRead: boolean, more: Partial<Change> = {}): Change {
  const position = { ...AT, offset };
  return { source: 's', key: 7n, kind: 'row', values, position, isRead, gtid: null, committedAtMs: null, ...more };
}

const read = (offset: bigint, ...values: Change['values']) => change(offset, values, true);
const update = (offset: bigint, ...values: Change['values']) => change(offset, values, false);

/** What one batch does to the mirror. */
function ingested(row: MirrorRow | undefined, changes: readonly Change[], doubted?: Doubt) {
  const batch = coalesce(changes).get(7n);
  return batch && decide(row, batch, 0n, doubted);
}

test('case 5: a read that contradicts the change before it writes nothing and is in doubt', () => {
  expect(ingested(known, [read(110n, 'old', null)])).toMatchObject({
    write: undefined,
    inDoubt: { against: AT, readAt: 110n },
  });
});

test('case 5: in one batch, too: the change is written, not the read', () => {
  expect(ingested(known, [update(109n, 'newer', null), read(110n, 'new', null)])).toMatchObject({
    write: { values: ['newer', null], position: { offset: 109n } },
    inDoubt: { against: { offset: 109n }, readAt: 110n },
  });
});

test('a read of a row that was deleted before is in doubt', () => {
  expect(ingested({ ...known, isDeleted: true }, [read(110n, 'new', null)])).toMatchObject({
    write: undefined,
    inDoubt: { against: AT },
  });
});

test('a second read that contradicts the same change is believed', () => {
  const doubted = { against: AT, readAt: 110n };
  expect(ingested(known, [read(120n, 'lost', null)], doubted)).toMatchObject({
    write: { values: ['lost', null], position: { offset: 120n } },
    inDoubt: undefined,
  });
  const both = [update(105n, 'a', null), read(110n, 'b', null), read(120n, 'b', null)];
  expect(ingested(known, both)).toMatchObject({ write: { values: ['b', null] }, inDoubt: undefined });
});

test('a read that agrees with the update before it is written, whatever the mirror held', () => {
  expect(ingested(known, [update(105n, 'a', null), read(110n, 'a', null)])).toMatchObject({
    write: { values: ['a', null], position: { offset: 110n } },
    inDoubt: undefined,
  });
});

test('the same read once more is no second read', () => {
  expect(ingested(known, [read(110n, 'old', null)], { against: AT, readAt: 110n })).toMatchObject({
    write: undefined,
    inDoubt: { readAt: 110n },
  });
});

test('a second read that contradicts a later change is the first to do so', () => {
  const doubted = { against: { ...AT, offset: 90n }, readAt: 95n };
  expect(ingested(known, [read(110n, 'old', null)], doubted)).toMatchObject({
    write: undefined,
    inDoubt: { against: AT },
  });
});

test.each([
  ['says the same', known, read(110n, 'new', null)],
  ['tells what was unknown', { ...known, values: ['new', undefined] }, read(110n, 'new', 'x')],
  ['does not know all', known, read(110n, 'new', undefined)],
  ['is the first of its key', undefined, read(110n, 'new', null)],
  ['begins a new epoch', known, change(1n, ['old', null], true, { position: { epoch: 2, partition: 0, offset: 1n } })],
])('a read that %s is written at once', (_, row, one) => {
  expect(ingested(row, [one])).toMatchObject({ write: { position: one.position }, inDoubt: undefined });
});
