import { type Key, openSourceDatabase, type SourceStore } from '@friend-sync/sync-service';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareCopies } from '../../sync-service/src/application/proof/compare.ts';
import { BEFORE_ALL } from '../../sync-service/src/domain/decide.ts';
import { CopyStore } from '../../sync-service/src/infrastructure/mysql/copies/copy-store.ts';
import { CopySweep } from '../../sync-service/src/infrastructure/mysql/copies/copy-sweep.ts';
import {
  checkTarget,
  readTargetTable,
  type TargetTable,
} from '../../sync-service/src/infrastructure/mysql/copies/target-table.ts';
import { readTableShape } from '../../sync-service/src/infrastructure/mysql/server/table-shape.ts';
import { planMirror, readMirrorColumns } from '../../sync-service/src/infrastructure/mysql/state/mirror-table.ts';
import { COLUMN_TYPES, edgesOf } from '../support/column-types.ts';
import { type FriendServer, openFriendServer } from '../support/friend-server.ts';

/** What the README says can be mapped. */
const MAPPABLE = COLUMN_TYPES.filter((type) =>
  /^((TINY|SMALL|MEDIUM|BIG)?INT|BOOL|DECIMAL|(VAR)?CHAR|\w*TEXT|(VAR)?BINARY|\w*BLOB|ENUM|SET|DATE)/.test(type),
);
const OTHERS = COLUMN_TYPES.filter((type) => !MAPPABLE.includes(type));
const isBinary = (type: string) => /BINARY|BLOB/.test(type);
const isMoment = (type: string) => type.startsWith('DATE');
const isNumber = (type: string) => /INT|BOOL|DECIMAL/.test(type);
const columnOf = (type: string) => `c${COLUMN_TYPES.indexOf(type)}`;
const sourceOf = (type: string) => `s${COLUMN_TYPES.indexOf(type)}`;
/** VECTOR came with version 9. */
const define = (name: string, type: string) =>
  type.startsWith('VECTOR') ? `/*!90000 , ${name} ${type} NULL */` : `, ${name} ${type} NULL`;

let server: FriendServer;

/** A source for each type that can be mapped; its copies have a column of every type. */
beforeAll(async () => {
  const every = COLUMN_TYPES.map((type) => define(columnOf(type), type)).join('');
  const names = MAPPABLE.map(sourceOf);
  server = await openFriendServer({
    userTables: [
      ...MAPPABLE.map((type) => `CREATE TABLE ${sourceOf(type)} (id BIGINT PRIMARY KEY ${define('v', type)})`),
      `CREATE TABLE others (id BIGINT PRIMARY KEY ${OTHERS.map((type) => define(columnOf(type), type)).join('')})`,
    ],
    friendTables: names.map(
      (name) => `CREATE TABLE ${name} (n INT AUTO_INCREMENT PRIMARY KEY, k BIGINT, KEY (k) ${every})`,
    ),
    sources: MAPPABLE.map(
      (type) => `
  - { name: ${sourceOf(type)}, table: USER.${sourceOf(type)}, key: id,
      copies: [{ table: ${sourceOf(type)}, key: k, set: { ${columnOf(isBinary(type) ? 'LONGBLOB' : 'LONGTEXT')}: v } }] }`,
    ).join(''),
  });
}, 120_000);
afterAll(() => server[Symbol.asyncDispose]());

const storeOf = (type: string) => server.store.sources.get(sourceOf(type)) as SourceStore;
const targetOf = (type: string) =>
  readTargetTable(server.friend, storeOf(type).schema.mapping.copies[0] as TargetTable['copy']);
const withOnly = (target: TargetTable, ...types: string[]): TargetTable => ({
  ...target,
  copy: { ...target.copy, set: types.map((type) => ({ column: columnOf(type), from: 'v' })) },
});

/** What the check of tables says of each target type for a source type: nothing where it is accepted. */
async function judge(type: string, target: TargetTable): Promise<Map<string, string[]>> {
  const mirror = await readMirrorColumns(
    server.friend,
    server.configuration.settings.target.stateDatabase,
    sourceOf(type),
  );
  const existing = COLUMN_TYPES.filter((other) => target.columns.has(columnOf(other)));
  return new Map(existing.map((other) => [other, checkTarget(withOnly(target, other), 'integer', mirror)]));
}

test('case 66: a type that cannot be mapped is refused by name', async () => {
  const table = { database: server.userDb, table: 'others' };
  const mapping = { ...storeOf('BIGINT').schema.mapping, table, columns: OTHERS.map(columnOf) };
  const shape = await readTableShape(server.user, table);
  const { problems } = planMirror(mapping, shape);
  expect(problems).toHaveLength(OTHERS.length);
});

test.each(MAPPABLE)(
  'case 66: a copy of %s is refused, or accepted and equal for fan-out, patrol and verify alike',
  async (type) => {
    const { user, friend, userDb, friendDb, store, configuration } = server;
    const { schema, rows, mirror, pending } = storeOf(type);
    const target = await targetOf(type);
    const judged = await judge(type, target);
    const accepted = [...judged.keys()].filter((other) => judged.get(other)?.length === 0);
    const refusals = [...judged].filter(([other]) => !accepted.includes(other));
    for (const [other, problems] of refusals)
      expect(problems, other).toEqual([
        expect.stringMatching(`${sourceOf(type)}\\.${columnOf(other)}: .*(make it|give both|convert it)`),
      ]);

    const edges = ['NULL', ...edgesOf(type)];
    const keys = edges.map((_, i) => BigInt(i));
    for (const key of keys)
      await user.write('row', `INSERT INTO ${userDb}.${sourceOf(type)} VALUES (${key}, ${edges[Number(key)]})`);
    await friend.write('copies', `INSERT INTO ${friendDb}.${sourceOf(type)} (k) VALUES ?`, [keys.map((key) => [key])]);
    await using source = openSourceDatabase(configuration);
    const read = await rows.ofKeys(source, keys, '');
    const row = { position: BEFORE_ALL, isDeleted: false, committedAtMs: null, readNumber: 1n, knownUntil: -1n };
    await store.database.transaction('mirror', (tx) =>
      mirror.write(
        tx,
        read.rows.map(({ key, values = [] }) => ({ ...row, key, values })),
      ),
    );

    const copyStores = new Map(
      accepted.map((other) => [
        other,
        new CopyStore(mirror.table, withOnly(target, other), 'integer', { kind: 'keep' }),
      ]),
    );
    /** In halves where a key is refused, which ends the statement. */
    async function fanOut(other: string, part: readonly Key[]): Promise<{ refused: Key[]; changed: number }> {
      try {
        const makeEqual = store.database.transaction('fan-out', async (tx) =>
          copyStores.get(other)?.makeEqual(tx, part),
        );
        return { refused: [], changed: (await makeEqual)?.changed ?? 0 };
      } catch (error) {
        expect(error).toMatchObject({ kind: 'store_refused' });
        if (part.length === 1) return { refused: [...part], changed: 0 };
        const middle = part.length / 2;
        const halves = [await fanOut(other, part.slice(0, middle)), await fanOut(other, part.slice(middle))];
        return {
          refused: halves.flatMap(({ refused }) => refused),
          changed: halves.reduce((n, half) => n + half.changed, 0),
        };
      }
    }

    const tables = { mirror: mirror.table, pending: pending.table };
    async function patrol(): Promise<string[]> {
      const found = accepted.map(async (other) => {
        const sweep = new CopySweep(tables, sourceOf(type), withOnly(target, other), 'integer', { kind: 'keep' });
        return (await sweep.differing(store.database, { after: [] })).map(({ key }) => `${other} ${key}`);
      });
      return (await Promise.all(found)).flat().sort();
    }

    async function verify(): Promise<string[]> {
      const { copy } = withOnly(target, ...accepted);
      const narrowed = { ...configuration, mapping: { sources: [{ ...schema.mapping, copies: [copy] }] } };
      const looks = keys.map(async (key) => {
        const { differences } = await compareCopies(narrowed, source, friend, {
          among: new Map([[sourceOf(type), new Set([key])]]),
        });
        const columns = differences[0]?.columns ?? [];
        return columns.map((name) => `${COLUMN_TYPES[Number(name.slice(1))]} ${key}`);
      });
      return (await Promise.all(looks)).flat().sort();
    }

    /** By neither's rules: what both servers say of a value. */
    async function unequal(): Promise<string[]> {
      const wanted = await user.rows(
        'reading',
        `SELECT ${told('v', type)} AS v FROM ${userDb}.${sourceOf(type)} ORDER BY id`,
      );
      const columns = accepted.map((other) => `${told(columnOf(other), type)} AS ${columnOf(other)}`);
      const copies = await friend.rows('reading', `SELECT ${columns} FROM ${friendDb}.${sourceOf(type)} ORDER BY k`);
      return accepted
        .flatMap((other) =>
          keys
            .filter(
              (key) => exact(copies[Number(key)]?.[columnOf(other)], type) !== exact(wanted[Number(key)]?.v, type),
            )
            .map((key) => `${other} ${key}`),
        )
        .sort();
    }

    const outcomes = await Promise.all(accepted.map((other) => fanOut(other, keys)));
    const fitting = new Map(
      accepted.map((other, i) => [other, keys.filter((key) => !outcomes[i]?.refused.includes(key))]),
    );
    const refused = accepted.flatMap((other, i) => outcomes[i]?.refused.map((key) => `${other} ${key}`) ?? []).sort();
    const repair = () => Promise.all([...fitting].map(([other, part]) => fanOut(other, part)));
    expect(await unequal()).toEqual(refused);
    expect(await patrol()).toEqual(refused);
    expect(await verify()).toEqual(refused);
    // None is refused that MySQL would have stored as it is.
    const byHand = accepted.flatMap((other, i) =>
      (outcomes[i]?.refused ?? []).map(async (key) => {
        const sql = `UPDATE ${friendDb}.${sourceOf(type)} SET ${columnOf(other)} = ? WHERE k = ?`;
        await friend.write('by hand', sql, [read.rows[Number(key)]?.values?.[0], key]).catch(() => {});
      }),
    );
    await Promise.all(byHand);
    expect(await unequal()).toEqual(refused);
    expect((await repair()).filter(({ changed }) => changed > 0)).toEqual([]);

    // Every copy gets another key's values, which may be equal, or look so.
    await friend.write('turning', `UPDATE ${friendDb}.${sourceOf(type)} SET k = MOD(k + 1, ${keys.length})`);
    const turned = await unequal();
    expect(turned.length).toBeGreaterThan(0);
    expect(await patrol()).toEqual(turned);
    expect(await verify()).toEqual(turned);
    await repair();
    expect((await unequal()).filter((pair) => !refused.includes(pair))).toEqual([]);
  },
);

const told = (column: string, type: string) =>
  isMoment(type)
    ? `CAST(CAST(${column} AS DATETIME(6)) AS CHAR)`
    : isNumber(type)
      ? `CAST(${column} AS CHAR)`
      : `HEX(${isBinary(type) ? column : `CONVERT(${column} USING utf8mb4)`})`;

/** A number as a count of 10^-30. */
function exact(value: unknown, type: string): unknown {
  if (value === null || !isNumber(type)) return value;
  const [whole = '', fraction = ''] = String(value).split('.');
  return String(BigInt(`${whole.replace('-', '')}${fraction.padEnd(30, '0')}`) * (whole.startsWith('-') ? -1n : 1n));
}
