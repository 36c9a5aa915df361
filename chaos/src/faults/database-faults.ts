import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@friend-sync/sync-service';
import { COPY_TABLES, HOT_USER, USERS } from '../example.ts';
import type { Fault } from './fault.ts';

/** What goes on inside the servers: locks on copies, a friend server that is read-only, new binary logs. */
export function databaseFaults(user: Database, friend: Database): Fault[] {
  return [
    {
      kind: 'copies locked',
      subjects: ['locks'],
      async inflict(random) {
        const { table, key } = random.pick(COPY_TABLES);
        const users = [HOT_USER, random.between(1, USERS), random.between(1, USERS)];
        const heldMs = random.between(2_000, 10_000);
        const hold = friend.transaction('holding locks', async (tx) => {
          await tx.rows(
            'holding locks',
            `SELECT 1 FROM ${table} WHERE ${key} IN (?) ORDER BY ${key} LIMIT 1000 FOR UPDATE`,
            [users],
          );
          await delay(heldMs);
        });
        // Its server may die meanwhile, and the locks with it.
        await hold.catch(() => {});
      },
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
