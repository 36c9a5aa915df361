import { fileURLToPath } from 'node:url';
import { type Installation, insertRows, openInstallation } from '@friend-sync/demo';
import { prepareJdbcSink } from '@friend-sync/local-stack';
import { commitAndArrive } from '../committed.ts';
import { NO_PATROL, startDaemon } from '../daemon.ts';
import { endsOf } from '../kafka.ts';
import type { Job } from './job.ts';
import { resumeLateCopies } from './late-copies.ts';
import { COPIES_EACH, imageOf, nickOf, type Workload } from './workload.ts';

/** The same for every contender, and large enough for all tables. */
export const MYSQL_ARGS = [
  '--innodb-flush-log-at-trx-commit=1',
  '--sync-binlog=1',
  '--innodb-buffer-pool-size=1G',
  '--innodb-redo-log-capacity=2G',
];
const CONFIG = fileURLToPath(new URL('../../src/contest/contest.yaml', import.meta.url));
const ROWS_A_STATEMENT = 1_000;
const DEADLINE_MS = 600_000;

/** A system whose users have twenty copies each, scattered over the table, all equal. */
export async function openWorld(users: number, say: (line: string) => void): Promise<Installation> {
  const installation = await openInstallation({
    kind: 'bench',
    say,
    config: CONFIG,
    mysqlArgs: MYSQL_ARGS,
    morePlugins: [await prepareJdbcSink(say)],
    fill: async (user, friend) => {
      const ids = Array.from({ length: users }, (_, i) => i + 1);
      await insertRows(
        user,
        'user_db.im_user (id, user_name, password, nick_name)',
        ids.map((id) => [id, `user${id}`, 'secret', nickOf('first', id)]),
      );
      for (let n = 1; n <= COPIES_EACH; n++)
        await insertRows(
          friend,
          'friend_db.im_friend (user_id, friend_id, friend_nick_name, friend_head_img)',
          ids.map((id) => [n, id, nickOf('first', id), '']),
        );
    },
  });
  say(`${users} users, ${users * COPIES_EACH} copies; the first load`);
  await catchUp(installation);
  return installation;
}

/** A daemon brings everything to the present, and ends. When the next round is due is settled here: not in a run. */
export async function catchUp(installation: Installation): Promise<void> {
  await resumeLateCopies(installation);
  const { operations, configuration, commandLine } = installation;
  await using _daemon = await startDaemon(commandLine, NO_PATROL);
  await operations.backfill(configuration.mapping.sources, DEADLINE_MS);
  await operations.passBarrier(DEADLINE_MS);
}

/** Commits a workload's changes, and returns when the topic holds all of them. */
export async function commitWorkload(installation: Installation, { name, changes, keys }: Workload): Promise<Job> {
  const { operations, stack, user } = installation;
  const [topic = ''] = operations.topics;
  const from = await endsOf(stack.kafkaBrokers, topic);
  const final = new Map<number, number>();
  const text = nickOf(name, 0).slice(0, -1);
  await commitAndArrive(stack.kafkaBrokers, topic, { text, messages: changes }, async () => {
    let rows: unknown[][] = [];
    const flush = async () => {
      if (rows.length > 0)
        await user.write(
          'changes',
          `INSERT INTO user_db.im_user (id, user_name, password, nick_name, head_img) VALUES ? AS new
           ON DUPLICATE KEY UPDATE nick_name = new.nick_name, head_img = new.head_img`,
          [rows],
        );
      rows = [];
    };
    let n = 0;
    for (const key of keys()) {
      rows.push([key, '', '', nickOf(name, ++n), imageOf(name, n)]);
      final.set(key, n);
      if (rows.length === ROWS_A_STATEMENT) await flush();
    }
    await flush();
  });
  return { installation, topic, workload: name, from, to: await endsOf(stack.kafkaBrokers, topic), changes, final };
}
