import { expect, test } from 'vitest';
import { Ambiguous, type Change } from './change.ts';
import { coalesce } from './coalesce.ts';
import { decide, type MirrorRow } from './decide.ts';

const known: MirrorRow = {
  key: 7n,
  values: ['bob', null],
  position: { epoch: 1, partition: 2, offset: 100n },
  isDeleted: false,
  committedAtMs: null,
  readNumber: 0n,
  knownUntil: -1n,
};

function change(offset: bigint, values: Change['values'], more: Partial<Change> = {}) {
  const position = { epoch: 1, partition: 2, offset };
  return {
    source: 's',
    key: 7n,
    kind: 'row' as const,
    values,
    position,
    gtid: null,
    committedAtMs: null,
    ...more,
  };
}

function decideOne(row: MirrorRow | undefined, one: Change, replayUntil = 0n) {
  const alone = coalesce([one]).get(one.key);
  if (!alone) throw new Error('one change is a group');
  return decide(row, alone, replayUntil);
}

test('a key that is new in the mirror is written and marked', () => {
  expect(decideOne(undefined, change(5n, ['bob', null]))).toMatchObject({
    write: { values: ['bob', null] },
    mark: true,
  });
});

test('a newer change with the same values moves the position and marks nothing', () => {
  expect(decideOne(known, change(101n, ['bob', null]))).toMatchObject({
    write: { position: { offset: 101n } },
    mark: false,
  });
});

test.each([
  ['letter case', ['Bob', null]],
  ['a trailing space', ['bob ', null]],
  ['the empty string for NULL', ['bob', '']],
  ['unknown for NULL', ['bob', undefined]],
])('a newer change that differs only by %s is marked', (_, values) => {
  expect(decideOne(known, change(101n, values))).toMatchObject({ mark: true });
});

test('an older or repeated change writes and marks nothing', () => {
  for (const offset of [99n, 100n]) {
    expect(decideOne(known, change(offset, ['old', 'old']))).toMatchObject({ write: undefined, mark: false });
  }
});

test('an older change below replayUntil marks the key and writes nothing', () => {
  expect(decideOne(known, change(99n, ['old', 'old']), 200n)).toMatchObject({ write: undefined, mark: true });
});

test.each<[string, Change['values']]>([
  ['lacks a column', ['bob', undefined]],
  ['has two readings of one', ['bob', new Ambiguous((value) => value === null || value === '')]],
])('case 58, 87: a change that %s makes its key due for a read; an older one does not', (_, values) => {
  expect(decideOne(known, change(101n, values))).toMatchObject({ due: true });
  expect(decideOne(known, change(99n, values))).toMatchObject({ due: false });
  expect(decideOne(known, change(101n, ['bob', null]))).toMatchObject({ due: false });
});

test('case 58: of two readings the one that is known stays, another is unknown; so is all of a row that was deleted', () => {
  const ambiguous = change(101n, ['bob', new Ambiguous((value) => value === null || value === '')]);
  expect(decideOne(known, ambiguous)).toMatchObject({ write: { values: ['bob', null] }, mark: false });
  expect(decideOne({ ...known, values: ['bob', 'x'] }, ambiguous)).toMatchObject({
    write: { values: ['bob', undefined] },
  });
  expect(decideOne({ ...known, isDeleted: true }, ambiguous)).toMatchObject({ write: { values: ['bob', undefined] } });
});

test('what was known until when is remembered of a column that becomes unknown, and does not move while it stays so', () => {
  const first = decideOne(known, change(110n, ['bob', undefined]));
  expect(first).toMatchObject({ write: { knownUntil: 100n } });
  const row = first.kind === 'accept' ? first.write : undefined;
  expect(decideOne(row, change(120n, ['bob', undefined]))).toMatchObject({ write: { knownUntil: 100n } });
  const group = [change(121n, ['bob', 'said']), change(122n, ['bob', undefined]), change(123n, ['bob', undefined])];
  const coalesced = coalesce(group).get(7n);
  expect(row && coalesced && decide(row, coalesced, 0n)).toMatchObject({ write: { knownUntil: 121n } });
});

test('a delete says every column: what was read before it fills nothing of the row that follows', () => {
  const group = [change(130n, [], { kind: 'delete' }), change(131n, ['bob', undefined])];
  const coalesced = coalesce(group).get(7n);
  expect(coalesced && decide(known, coalesced, 0n)).toMatchObject({ write: { knownUntil: 130n } });
  const deleted = decideOne(known, change(130n, [], { kind: 'delete' }));
  const row = deleted.kind === 'accept' ? deleted.write : undefined;
  expect(decideOne(row, change(131n, ['bob', undefined]))).toMatchObject({ write: { knownUntil: 130n } });
});

test('a later epoch is newer whatever its offset and partition', () => {
  const position = { epoch: 2, partition: 0, offset: 1n };
  expect(decideOne(known, change(1n, ['eve', null], { position }))).toMatchObject({ write: { values: ['eve', null] } });
});

test('the same key in another partition of one epoch is refused, newer or older', () => {
  for (const offset of [1n, 1000n]) {
    const position = { epoch: 1, partition: 3, offset };
    expect(decideOne(known, change(offset, ['eve', null], { position }))).toEqual({ kind: 'other-partition' });
  }
});

test('a delete keeps the last values and is marked; its tombstone moves the position only', () => {
  const deleted = decideOne(known, change(101n, [], { kind: 'delete' }));
  expect(deleted).toMatchObject({ write: { isDeleted: true, values: ['bob', null] }, mark: true });
  const row = { ...known, isDeleted: true, position: { epoch: 1, partition: 2, offset: 101n } };
  expect(decideOne(row, change(102n, [], { kind: 'delete' }))).toMatchObject({
    write: { isDeleted: true },
    mark: false,
  });
});

test('coalescing keeps the newest change of each key', () => {
  const other = change(13n, ['x', 'y'], { key: 8n });
  const coalesced = coalesce([change(11n, ['a', null]), change(12n, ['b', null]), other, change(14n, ['c', null])]);
  expect(coalesced.get(7n)).toMatchObject({ newest: { values: ['c', null] }, firstOffset: 11n });
  expect(coalesced.get(8n)).toMatchObject({ newest: { values: ['x', 'y'] }, firstOffset: 13n });
});

test('a rewind that ends inside a batch repairs the keys it passed', () => {
  const batch = coalesce([change(99n, ['bob', null]), change(101n, ['bob', null])]).get(7n);
  expect(batch && decide(known, batch, 100n)).toMatchObject({ mark: true });
});
