import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@friend-sync/sync-service';
import { rootOf } from '../root.ts';
import type { System } from '../system.ts';
import { type Alteration, alterationKinds } from './alterations.ts';
import type { Fault } from './fault.ts';
import { persevere } from './persevere.ts';

/** From less than a daemon needs to see it, to a few looks. */
const SHORTEST_MS = 1_000;
const LONGEST_MS = 20_000;
/** As a careful operator does: an ALTER that waits holds up everything that comes after it. */
const LOCK_WAIT_SECONDS = 5;

/** A table is altered while everything runs, and is what it was some seconds later. */
export function tableFaults({ stack: { userMysql, friendMysql }, account }: System): Fault[] {
  return alterationKinds(account).map(({ kind, subjects, server, alterations }) => ({
    kind,
    subjects,
    async inflict(random) {
      await using root = rootOf(server === 'user-mysql' ? userMysql.port : friendMysql.port, 1);
      const undo = await alter(root, random.pick(alterations));
      await delay(random.between(SHORTEST_MS, LONGEST_MS));
      await undo();
    },
  }));
}

/** Returns when it is altered; what is returned makes it what it was. Servers may die meanwhile. */
export async function alter(root: Database, { table, change, undo }: Alteration): Promise<() => Promise<void>> {
  const original = await persevere(() => definition(root, table));
  const run = async (sql: string, isDone: (now: string) => boolean) => {
    // A server that died may have done it all the same.
    if (isDone(await definition(root, table))) return;
    // What is cut or cannot be converted is the operator's own doing.
    const session = `SET SESSION sql_mode = '', lock_wait_timeout = ${LOCK_WAIT_SECONDS}`;
    await root.write('altering', `${session}; ${sql}`);
    if (!isDone(await definition(root, table))) throw new Error(`${table} is as it was before: ${sql}`);
  };
  await persevere(() => run(change, (now) => now !== original));
  return () => persevere(() => run(undo, (now) => now === original));
}

/** All that an alteration alters of a table: its columns and indexes, triggers and rights. */
async function definition(root: Database, table: string): Promise<string> {
  const [created] = await root.rows('looking', `SHOW CREATE TABLE ${table}`);
  const triggers = await root.rows(
    'looking',
    `SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS
      WHERE CONCAT(EVENT_OBJECT_SCHEMA, '.', EVENT_OBJECT_TABLE) = ?`,
    [table],
  );
  const rights = await root.rows(
    'looking',
    `SELECT GRANTEE AS who, PRIVILEGE_TYPE AS what, COLUMN_NAME AS name FROM information_schema.COLUMN_PRIVILEGES
      WHERE CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) = ? ORDER BY 1, 2, 3`,
    [table],
  );
  return JSON.stringify([String(created?.['Create Table']).replace(/ AUTO_INCREMENT=\d+/, ''), triggers, rights]);
}
