import { bigint, boolean, customType, getTableConfig, int, mysqlTable } from 'drizzle-orm/mysql-core';
import { COLUMN_TYPES, kindOf } from '../../../domain/column-types.ts';
import { quoted } from '../server/database.ts';
import { mirrorName, unknownColumn, valueColumn } from './mirror-table.ts';

/** The mirror's table, built with drizzle from the planned types; its DDL is {@link mirrorDdl}'s. */
function mirrorTable(source: string, key: string, types: ReadonlyMap<string, string>) {
  const ofType = (type: string) => customType<{ data: unknown }>({ dataType: () => type });
  const values = [...types];
  return mysqlTable(mirrorName(source), {
    k: ofType(key)('k').primaryKey(),
    ...Object.fromEntries(values.map(([name, type]) => [valueColumn(name), ofType(type)(valueColumn(name))])),
    // Unknown until a message says otherwise: a column that is added later is not NULL in old rows, it is unknown.
    ...Object.fromEntries(
      values.map(([name]) => [unknownColumn(name), boolean(unknownColumn(name)).notNull().default(true)]),
    ),
    epoch: int('fs_epoch').notNull(),
    partition: int('fs_partition').notNull(),
    offset: bigint('fs_offset', { mode: 'bigint' }).notNull(),
    committedAtMs: bigint('fs_committed_at_ms', { mode: 'number' }),
    isDeleted: boolean('fs_deleted').notNull().default(false),
    readNumber: bigint('fs_read', { mode: 'number' }).notNull().default(0),
    knownUntil: bigint('fs_known_until', { mode: 'number' }).notNull().default(-1),
  });
}

/**
 * The statements that bring the mirror's table from what it is (`existing`: its columns' types by name) to the plan. A column
 * that holds more than it must stays. What it holds need not fit another type, for rows that are deleted keep their last
 * values: so of a column that gets another type it is forgotten, and read again. Nothing else is ever dropped.
 */
export function mirrorDdl(
  stateDatabase: string,
  source: string,
  key: string,
  types: ReadonlyMap<string, string>,
  existing: ReadonlyMap<string, string>,
): string[] {
  const { columns } = getTableConfig(mirrorTable(source, key, types));
  const definition = (column: (typeof columns)[number]) => {
    const byDefault = column.hasDefault ? ` DEFAULT ${Number(column.default)}` : '';
    return `${quoted(column.name)} ${column.getSQLType()}${column.notNull ? ' NOT NULL' : ''}${byDefault}`;
  };
  const table = quoted(stateDatabase, mirrorName(source));
  if (existing.size === 0) {
    return [
      `CREATE TABLE ${table} (\n  ${columns.map(definition).join(',\n  ')},\n  PRIMARY KEY (\`k\`)\n) ENGINE = InnoDB`,
    ];
  }
  const flags = new Map([...types.keys()].map((name) => [valueColumn(name), unknownColumn(name)]));
  const changes = new Map(
    columns.map((column) => [column.name, change(column.getSQLType(), existing.get(column.name))]),
  );
  const forgotten = [...flags].filter(([name]) => changes.get(name) === 'another').flat();
  const added = columns.filter(({ name }) => changes.get(name) === 'missing' || forgotten.includes(name));
  const altered = columns.filter((column) => !added.includes(column) && changes.get(column.name) !== 'none');
  const clauses = [
    ...forgotten.map((name) => `DROP COLUMN ${quoted(name)}`),
    ...added.map((column) => `ADD COLUMN ${definition(column)}`),
    ...altered.map((column) => `MODIFY COLUMN ${definition(column)}`),
  ];
  if (clauses.length === 0) return [];
  const alter = `ALTER TABLE ${table}\n  ${clauses.join(',\n  ')}`;
  // Before it: a daemon that knows the old columns, and sees the old version, is waited for by the ALTER.
  return added.length ? [raiseVersion(stateDatabase, source), alter] : [alter];
}

/** Daemons that do not know the new columns halt (`requireCurrent`). Of altered ones they need not know. */
function raiseVersion(stateDatabase: string, source: string): string {
  return `INSERT INTO ${quoted(stateDatabase, 'reads')} (source, mirror_version) VALUES ('${source}', 1)
  ON DUPLICATE KEY UPDATE mirror_version = mirror_version + 1`;
}

/** What has to become of a column. Character sets are always ours, so they are not compared. */
function change(planned: string, existing: string | undefined): 'none' | 'missing' | 'wider' | 'another' {
  if (existing === undefined) return 'missing';
  const needs = sizeOf(planned);
  const has = sizeOf(existing);
  if (needs.type === has.type) return 'none';
  if (needs.family !== has.family) return 'another';
  const isWide = needs.lengths.every((length, i) => (has.lengths[i] ?? 0) >= length);
  // A number is equal at its own scale only, and a copy of more digits than it has is refused.
  const kind = kindOf(planned);
  if (isWide && !(kind && COLUMN_TYPES[kind].fraction)) return 'none';
  return has.lengths.every((length, i) => (needs.lengths[i] ?? 0) >= length) ? 'wider' : 'another';
}

/** Types of one family hold one another's values as far as these are not too long: characters, bytes, or digits before and behind the point. */
function sizeOf(type: string): { type: string; family: string; lengths: number[] } {
  const plain = type
    .toLowerCase()
    .replace(/ character set.*/, '')
    .replace(/^boolean$/, 'tinyint(1)');
  const [, base = '', first = 0, second = 0] = plain.match(/^(\w+)(?:\((\d+)(?:,(\d+))?\))?/) ?? [];
  const unsigned = plain.includes('unsigned') ? ' unsigned' : '';
  if (base === 'decimal') {
    const scale = Number(second);
    return { type: plain, family: `decimal${unsigned}`, lengths: [Number(first) - scale, scale] };
  }
  const isLong = base.startsWith('long');
  const family = { longtext: 'varchar', longblob: 'varbinary' }[base] ?? base;
  // Pad bytes are part of each value.
  const isPadded = base === 'binary';
  return {
    type: plain,
    family: isPadded ? plain : family + unsigned,
    lengths: [isLong ? Number.POSITIVE_INFINITY : Number(first)],
  };
}
