import type { Database } from '@friend-sync/sync-service';
import { openSourceDatabase } from '@friend-sync/sync-service';
import { type FriendTables, openFriendTables, resetFriendTables } from './friend-tables.ts';

/** A friend server with what tells the mirror's steps back, and a place for a backup of it. */
export interface ReadsTables extends FriendTables, AsyncDisposable {
  /** The user server, as own reads ask it. */
  readonly readFrom: Database;
}

/** Ours, and the newest version that the mirror has had: all that a restored backup takes back. */
const BACKED_UP = ['pending', 'due_key', 'mirror_account', 'consumed', 'topic_epoch', 'reads', 'read_look'];

export async function openReadsTables(): Promise<ReadsTables> {
  const tables = await openFriendTables();
  const { server, state } = tables;
  const { friend, friendDb } = server;
  for (const ddl of [
    `CREATE TABLE ${friendDb}.newest (k BIGINT PRIMARY KEY, nick INT, avatar INT)`,
    // What a message said wrong, by its place: it may look like an older value.
    `CREATE TABLE ${friendDb}.made_up (part INT, off BIGINT, PRIMARY KEY (part, off))`,
    `CREATE TABLE ${friendDb}.mirror_back (step VARCHAR(200))`,
    `CREATE TRIGGER ${state}.mirror_new AFTER INSERT ON ${state}.mirror_account FOR EACH ROW
       INSERT INTO ${friendDb}.newest VALUES (NEW.k, ${versionOf('nick')}, ${versionOf('avatar')})`,
    `CREATE TRIGGER ${state}.mirror_back BEFORE UPDATE ON ${state}.mirror_account FOR EACH ROW BEGIN
       INSERT INTO ${friendDb}.mirror_back SELECT CONCAT_WS(' ', NEW.k, OLD.v_nick, '->', NEW.v_nick, OLD.v_avatar, '->', NEW.v_avatar)
         FROM ${friendDb}.newest n WHERE n.k = NEW.k AND (${isOlder('nick')} OR ${isOlder('avatar')})
           AND NOT EXISTS (SELECT 1 FROM ${friendDb}.made_up m WHERE m.part = NEW.fs_partition AND m.off = NEW.fs_offset
             AND (NEW.fs_partition, NEW.fs_offset) <> (OLD.fs_partition, OLD.fs_offset));
       UPDATE ${friendDb}.newest SET nick = GREATEST(nick, ${versionOf('nick')}), avatar = GREATEST(avatar, ${versionOf('avatar')})
         WHERE k = NEW.k;
     END`,
    ...BACKED_UP.map((table) => `CREATE TABLE ${friendDb}.backup_${table} LIKE ${state}.${table}`),
    `CREATE TABLE ${friendDb}.backup_newest LIKE ${friendDb}.newest`,
  ])
    await friend.write('preparing', ddl);
  const readFrom = openSourceDatabase(server.configuration);
  return {
    ...tables,
    readFrom,
    async [Symbol.asyncDispose]() {
      await readFrom[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Values are numbered; an unknown one is older than all. */
const versionOf = (column: string) => `IF(NEW.u_${column}, 0, CAST(SUBSTRING(NEW.v_${column}, -6) AS UNSIGNED))`;
const isOlder = (column: string) =>
  `(NOT NEW.u_${column} AND NOT (NEW.v_${column} <=> OLD.v_${column}) AND ${versionOf(column)} < n.${column})`;

export async function resetReadsTables(tables: ReadsTables): Promise<void> {
  const { server, state, wide } = tables;
  const { friend, friendDb, user, userDb } = server;
  await resetFriendTables(tables);
  const ours = ['reads', 'read_look'].map((table) => `${state}.${table}`);
  const found = ['newest', 'made_up', 'mirror_back'].map((table) => `${friendDb}.${table}`);
  await friend.transaction('the beginning', async (tx) => {
    for (const table of [...ours, ...found]) await tx.write('clearing', `DELETE FROM ${table}`);
  });
  await user.write('clearing', `DELETE FROM ${userDb}.account`);
  await wide.source.reads.adopt(wide.store.database);
}

export async function backUp({ server, state }: ReadsTables): Promise<void> {
  const { friend, friendDb } = server;
  await friend.transaction('a backup', async (tx) => {
    for (const [table, from] of placesOf(state, friendDb)) {
      await tx.write('clearing', `DELETE FROM ${friendDb}.backup_${table}`);
      await tx.write('copying', `INSERT INTO ${friendDb}.backup_${table} SELECT * FROM ${from}`);
    }
  });
}

export async function restore({ server, state }: ReadsTables): Promise<void> {
  const { friend, friendDb } = server;
  await friend.transaction('a restore', async (tx) => {
    await tx.write('clearing', `DELETE FROM ${friendDb}.newest`);
    for (const [table, to] of placesOf(state, friendDb)) {
      await tx.write('clearing', `DELETE FROM ${to}`);
      await tx.write('copying', `INSERT INTO ${to} SELECT * FROM ${friendDb}.backup_${table}`);
    }
  });
}

/** The mirror comes before what its triggers write. */
const placesOf = (state: string, friendDb: string): [table: string, place: string][] => [
  ...BACKED_UP.map((table): [string, string] => [table, `${state}.${table}`]),
  ['newest', `${friendDb}.newest`],
];
