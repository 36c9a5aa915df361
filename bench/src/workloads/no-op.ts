import type { Database } from '@friend-sync/sync-service';
import { modifiedRows } from '../contest/clock.ts';
import { ONE_TABLE } from '../contest/layout.ts';
import { openWorld } from '../contest/world.ts';
import { NO_PATROL, startDaemon } from '../daemon.ts';
import { requireEqualCopies } from '../equal-copies.ts';
import { type Figure, figure } from '../figures.ts';
import { endsOf } from '../kafka.ts';

const ROWS_A_STATEMENT = 1_000;

export interface NoOpSizes {
  readonly users: number;
  /** How often each of them changes. */
  readonly times: number;
}

/** Changes what nobody copies, and counts what the friend server writes for it. */
export async function measureNoOp({ users, times }: NoOpSizes, say: (line: string) => void): Promise<Figure[]> {
  await using world = await openWorld({ users, layout: ONE_TABLE, say });
  await using _daemon = await startDaemon(world.commandLine, NO_PATROL);
  const { operations, friend, stack } = world;
  const [topic = ''] = operations.topics;
  const look = async () => ({
    copies: await modifiedRows(friend),
    all: await writtenRows(friend),
    messages: [...(await endsOf(stack.kafkaBrokers, topic)).values()].reduce((sum, end) => sum + end, 0n),
  });
  await requireEqualCopies(operations);
  // Otherwise the counters may begin anew meanwhile: statistics of what the first load has written are still to come.
  await friend.write(
    'settling statistics',
    'ANALYZE NO_WRITE_TO_BINLOG TABLE friend_db.im_friend, friend_sync.mirror_user',
  );
  const before = await look();
  const began = performance.now();
  for (let n = 1; n <= times; n++) await changePhones(world.user, users, n);
  const perSecond = (users * times * 1_000) / (performance.now() - began);
  await requireEqualCopies(operations);
  const after = await look();
  return [
    figure('changes of unmapped columns', [users * times]),
    figure('committed in the user database, changes/s', [perSecond]),
    figure('messages in the topic', [Number(after.messages - before.messages)], { atMost: 0 }),
    figure('rows written, copies and mirror', [after.copies - before.copies], { atMost: 0 }),
    figure('rows written at the friend server in all, for the books that friend-sync keeps', [after.all - before.all]),
  ];
}

async function changePhones(user: Database, users: number, n: number): Promise<void> {
  const sql = 'UPDATE user_db.im_user SET phone = ? WHERE id BETWEEN ? AND ?';
  for (let from = 1; from <= users; from += ROWS_A_STATEMENT)
    await user.write('changes', sql, [String(n), from, from + ROWS_A_STATEMENT - 1]);
}

/** Rows of any table that InnoDB has inserted, updated or deleted since the server started. */
async function writtenRows(server: Database): Promise<number> {
  const counters = await server.rows('reading counters', "SHOW GLOBAL STATUS LIKE 'Innodb\\_rows\\_%'");
  const written = counters.filter(({ Variable_name }) => Variable_name !== 'Innodb_rows_read');
  return written.reduce((sum, { Value }) => sum + Number(Value), 0);
}
