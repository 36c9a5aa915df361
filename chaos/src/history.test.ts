import { expect, test } from 'vitest';
import type { RowImage } from './binlog.ts';
import { History } from './history.ts';
import { MASK_CHARS, numbered } from './version.ts';

const TABLE = {
  source: { table: 'u.source', rows: 9 },
  table: 'd.copy',
  primaryKey: ['id'],
  owner: 'owner',
  key: 'user',
  values: ['nick', 'head'],
  mark: 'mark',
  column: (name: string) => ['id', 'user', 'nick', 'head', 'mark'].indexOf(name) + 1,
} as const;

interface CopyRow {
  id?: number;
  user?: number;
  nick?: number;
  head?: number;
  mark?: number;
}

function image({ id = 1, user = 5, nick, head, mark = 0 }: CopyRow): RowImage {
  const value = (n: number | undefined) => (n === undefined ? 'NULL' : `'${numbered(user, n)}'`);
  return new Map([String(id), String(user), value(nick), value(head), String(mark)].map((text, i) => [i + 1, text]));
}

/** Each row is what its copy becomes; the first of a copy is its insert. */
function historyOf(...rows: CopyRow[]): History {
  const history = new History([TABLE]);
  const now = new Map<number, RowImage>();
  for (const row of rows) {
    const after = image(row);
    history.add({ table: TABLE.table, before: now.get(row.id ?? 1), after });
    now.set(row.id ?? 1, after);
  }
  return history;
}

test('versions that only grow are no step back, whichever value carries the number', () => {
  expect(historyOf({}, { nick: 2 }, { head: 3 }, { nick: 2, head: 4 })).toMatchObject({ versions: 3, backwards: 0 });
});

test('an older version of a copy is a step back', () => {
  expect(historyOf({}, { nick: 2 }, { nick: 3 }, { nick: 2 })).toMatchObject({ versions: 3, backwards: 1 });
});

test('a copy that loses both values steps back', () => {
  expect(historyOf({}, { nick: 2 }, {})).toMatchObject({ backwards: 1 });
});

test('an older version in another copy of the user is a step back, one of another user is none', () => {
  expect(historyOf({}, { id: 2 }, { nick: 3 }, { id: 2, nick: 2 })).toMatchObject({ backwards: 1 });
  expect(historyOf({}, { id: 2, user: 6 }, { nick: 3 }, { id: 2, user: 6, nick: 2 })).toMatchObject({ backwards: 0 });
});

test('the application may write any version, and be ahead', () => {
  const history = historyOf({ nick: 9 }, { nick: 4 }, { nick: 8, mark: 1 }, { nick: 2, mark: 2 }, { nick: 5, mark: 2 });
  expect(history).toMatchObject({ versions: 2, backwards: 0, excepted: 1 });
});

test('what the application wrote ahead does not excuse a version older than one that friend-sync wrote', () => {
  expect(historyOf({}, { nick: 4 }, { nick: 9, mark: 1 }, { nick: 3, mark: 1 })).toMatchObject({ backwards: 1 });
});

test('a value that the application wrote and friend-sync left as it is, is no version of friend-sync', () => {
  const history = historyOf(
    {},
    { nick: 9, head: 9, mark: 1 },
    { nick: 9, head: 4, mark: 1 },
    { nick: 5, head: 5, mark: 1 },
  );
  expect(history).toMatchObject({ versions: 2, backwards: 0 });
});

test('a column that is written alone is compared with itself', () => {
  expect(historyOf({}, { nick: 6, head: 6 }, { nick: 8, head: 6 }, { nick: 8, head: 7 })).toMatchObject({
    backwards: 0,
  });
  expect(historyOf({}, { nick: 8, head: 6 }, { nick: 7, head: 6 })).toMatchObject({ backwards: 1 });
  expect(historyOf({}, { nick: 8 }, { head: 7 })).toMatchObject({ backwards: 1 });
  expect(historyOf({}, { id: 2, head: 6 }, { nick: 8, head: 7 }, { id: 2, head: 7 })).toMatchObject({ backwards: 0 });
});

test('a value that becomes NULL beside one that stays is no version', () => {
  expect(historyOf({}, { nick: 2, head: 2 }, { nick: 2 })).toMatchObject({ versions: 1, backwards: 0 });
});

test('a value that becomes NULL beside what a narrowed column has cut is no version', () => {
  const history = new History([TABLE]);
  const cut = (head?: number) => new Map([...image(head === undefined ? {} : { head }), [3, "'u5#000'"]]);
  history.add({ table: TABLE.table, before: image({ nick: 1, head: 1 }), after: image({ nick: 2, head: 2 }) });
  history.add({ table: TABLE.table, before: cut(2), after: cut() });
  expect(history).toMatchObject({ versions: 1, backwards: 0 });
});

test('what the stream made up is counted, and neither it nor the return from it is a step back', () => {
  const history = new History([TABLE]);
  const masked = new Map([...image({ nick: 2 }), [3, `'${'*'.repeat(MASK_CHARS)}'`]]);
  history.add({ table: TABLE.table, before: undefined, after: image({ nick: 1 }) });
  history.add({ table: TABLE.table, before: image({ nick: 1 }), after: image({ nick: 2 }) });
  history.add({ table: TABLE.table, before: image({ nick: 2 }), after: masked });
  history.add({ table: TABLE.table, before: masked, after: image({ nick: 2 }) });
  expect(history).toMatchObject({ versions: 2, backwards: 0, madeUp: 1 });
  history.add({ table: TABLE.table, before: masked, after: image({ nick: 1 }) });
  expect(history).toMatchObject({ backwards: 1 });
});

test('a change of other columns is no version', () => {
  const history = new History([TABLE]);
  history.add({ table: TABLE.table, before: image({ nick: 2 }), after: image({ nick: 2 }) });
  expect(history).toMatchObject({ versions: 0, backwards: 0 });
});
