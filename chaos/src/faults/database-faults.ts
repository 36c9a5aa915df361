import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@friend-sync/sync-service';
import { COPY_TABLES, HOT_USER } from '../example.ts';
import type { Random } from '../random.ts';
import type { Fault } from './fault.ts';

/** Longer than any lease or back-off of a daemon. */
const LONG_LOCK_MS = 60_000;

/** What goes on inside the servers: locks on copies, a friend server that is read-only, new binary logs. */
export function databaseFaults(user: Database, friend: Database): Fault[] {
  return [
    {
      kind: 'copies locked',
      subjects: ['locks'],
      inflict: (random) => lockCopies(friend, random, random.between(2_000, 10_000)),
    },
    {
      kind: 'copies locked for a minute',
      // Its server must not die meanwhile, and the locks with it.
      subjects: ['locks', 'friend-mysql'],
      inflict: (random) => lockCopies(friend, random, LONG_LOCK_MS),
    },
    {
      kind: 'friend-mysql read-only',
      // Its server must not die meanwhile: it would come back writable, and that is another fault.
      subjects: ['friend-mysql'],
      async inflict(random) {
        const variable = random.pick(['read_only', 'super_read_only']);
        await friend.write('making the server read-only', `SET GLOBAL ${variable} = ON`);
        try {
          await delay(random.between(1_000, 8_000));
        } finally {
          await friend.write('making the server writable', 'SET GLOBAL read_only = OFF');
        }
      },
    },
    {
      kind: 'binary logs rotated',
      subjects: ['friend-mysql', 'user-mysql'],
      async inflict() {
        await Promise.all([user, friend].map((server) => server.write('rotating', 'FLUSH BINARY LOGS')));
      },
    },
  ];
}

/** An application holds the locks of some copies. Its server may die meanwhile, and the locks with it. */
async function lockCopies(friend: Database, random: Random, heldMs: number): Promise<void> {
  const { source, table, key } = random.pick(COPY_TABLES);
  const rows = [HOT_USER, random.between(1, source.rows), random.between(1, source.rows)];
  const hold = friend.transaction('holding locks', async (tx) => {
    const sql = `SELECT 1 FROM ${table} WHERE ${key} IN (?) ORDER BY ${key} LIMIT 1000 FOR UPDATE`;
    await tx.rows('holding locks', sql, [rows]);
    await delay(heldMs);
  });
  await hold.catch(() => {});
}
