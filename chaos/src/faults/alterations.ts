import type { PartName } from '@friend-sync/local-stack';
import { CARDS, type CopyTable, FRIENDS, MEMBERS, NOTICES, SOURCE_TABLES } from '../example.ts';

/** What becomes of a table, and what makes it the same again. */
export interface Alteration {
  readonly table: string;
  readonly change: string;
  readonly undo: string;
}

/** A kind of alteration; one of them at a time. */
export interface AlterationKind {
  readonly kind: string;
  readonly subjects: readonly string[];
  readonly server: PartName;
  readonly alterations: readonly Alteration[];
}

/** What faults take hold of that alter targets. */
export const TARGETS = ['targets of users', 'targets of groups'] as const;

/** Every way in which tables are altered. `account` is the user with which the daemons write copies. */
export function alterationKinds(account: string): AlterationKind[] {
  return [...ofSources(), ...ofTargets(), ...thatBreak(account)];
}

/** The statements that follow `ALTER TABLE`, and its name. */
type Alters = readonly (readonly [change: string, undo: string])[];

function altering(table: string, alters: Alters): Alteration[] {
  const alter = (what: string) => `ALTER TABLE ${table} ${what}`;
  return alters.map(([change, undo]) => ({ table, change: alter(change), undo: alter(undo) }));
}

function ofSources(): AlterationKind[] {
  const source = (kind: string, alters: Alters): AlterationKind => ({
    kind: `source: ${kind}`,
    subjects: ['source tables'],
    server: 'user-mysql',
    alterations: SOURCE_TABLES.flatMap(({ table }) => altering(table, alters)),
  });
  const nick = (type: string) => `MODIFY nick_name ${type} DEFAULT 'nobody'`;
  return [
    source('column added and dropped', [
      ['ADD COLUMN note VARCHAR(64) FIRST', 'DROP COLUMN note'],
      ['ADD COLUMN note INT NOT NULL DEFAULT 7 AFTER nick_name', 'DROP COLUMN note'],
    ]),
    source('column widened', [[nick('VARCHAR(255)'), nick('VARCHAR(64)')]]),
    source('column renamed', [['RENAME COLUMN nick_name TO name', 'RENAME COLUMN name TO nick_name']]),
    source(
      'charset altered',
      ['utf16', 'gb18030'].map((charset) => [nick(`VARCHAR(64) CHARACTER SET ${charset}`), nick('VARCHAR(64)')]),
    ),
  ];
}

function ofTargets(): AlterationKind[] {
  const target = (
    kind: string,
    alters: (copy: CopyTable, nick: (type: string) => string) => Alters,
  ): AlterationKind => ({
    kind: `target: ${kind}`,
    subjects: [TARGETS[0]],
    server: 'friend-mysql',
    alterations: [FRIENDS, MEMBERS].flatMap((copy) =>
      altering(
        copy.table,
        alters(copy, (type) => `MODIFY ${copy.values[0]} ${type}`),
      ),
    ),
  });
  return [
    target('column widened', (_, nick) =>
      ['VARCHAR(255)', 'LONGTEXT'].map((type) => [nick(type), nick('VARCHAR(64)')]),
    ),
    target('column narrowed', (_, nick) => [[nick('VARCHAR(8)'), nick('VARCHAR(64)')]]),
    target('charset altered', (_, nick) =>
      ['latin1', 'utf8mb3', 'utf16', 'utf8mb4 COLLATE utf8mb4_bin'].map((charset) => [
        nick(`VARCHAR(64) CHARACTER SET ${charset}`),
        nick('VARCHAR(64)'),
      ]),
    ),
    target('index altered', ({ key }) => [
      [`RENAME INDEX ${key} TO another`, `RENAME INDEX another TO ${key}`],
      [`DROP INDEX ${key}, ADD INDEX another (${key}, quit)`, `DROP INDEX another, ADD INDEX (${key})`],
      [`DROP INDEX ${key}`, `ADD INDEX (${key})`],
    ]),
    target('column renamed', ({ values: [nick] }) => [
      [`RENAME COLUMN ${nick} TO name`, `RENAME COLUMN name TO ${nick}`],
    ]),
  ];
}

/** Nothing can be written to the copies of one source, and all goes on for the other. */
function thatBreak(account: string): AlterationKind[] {
  const broken = (
    kind: string,
    alterations: (table: string, head: string) => Alteration[],
    alsoHeld: readonly string[] = [],
  ): AlterationKind => ({
    kind: `target broken: ${kind}`,
    subjects: [TARGETS[1], ...alsoHeld],
    server: 'friend-mysql',
    alterations: [CARDS, NOTICES].flatMap(({ table, values: [, head] }) => alterations(table, head)),
  });
  return [
    broken('column dropped', (table, head) =>
      altering(table, [[`DROP COLUMN ${head}`, `ADD COLUMN ${head} VARCHAR(255)`]]),
    ),
    broken('generated column', (table, head) => {
      const instead = `DROP COLUMN ${head}, ADD COLUMN ${head} VARCHAR(255)`;
      return altering(table, [[`${instead} AS ('x')`, instead]]);
    }),
    // A server that died would lose rows of MyISAM, and no copy would be there to be mended.
    broken('MyISAM', (table) => altering(table, [['ENGINE = MyISAM', 'ENGINE = InnoDB']]), ['friend-mysql']),
    broken('right revoked', (table, head) => {
      const right = `UPDATE (${head}) ON ${table}`;
      return [{ table, change: `REVOKE ${right} FROM ${account}`, undo: `GRANT ${right} TO ${account}` }];
    }),
    broken('trigger raises an error', (table) => {
      const trigger = `${table}_refuses`;
      const change = `CREATE TRIGGER ${trigger} BEFORE UPDATE ON ${table} FOR EACH ROW SIGNAL SQLSTATE '45000'`;
      return [{ table, change, undo: `DROP TRIGGER ${trigger}` }];
    }),
  ];
}
