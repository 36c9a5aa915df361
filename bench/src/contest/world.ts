import { type Installation, insertRows, openInstallation } from '@friend-sync/demo';
import { prepareJdbcSink } from '@friend-sync/local-stack';
import type { Database } from '@friend-sync/sync-service';
import { commitAndArrive } from '../committed.ts';
import { NO_PATROL, startDaemon } from '../daemon.ts';
import { endsOf } from '../kafka.ts';
import { commitChanges } from './commit-changes.ts';
import type { Job } from './job.ts';
import { resumeLateCopies } from './late-copies.ts';
import type { Layout } from './layout.ts';
import { COPIES_EACH, nickOf, type Workload } from './workload.ts';

const ROWS_A_STATEMENT = 1_000;
const IDS_AT_ONCE = 50_000;
const DEADLINE_MS = 600_000;

/** A system with users, each of whom has the same number of copies, all equal. */
export interface World extends Installation {
  readonly layout: Layout;
  readonly users: number;
}

export interface WorldOptions {
  readonly users: number;
  readonly layout: Layout;
  /** Copies of one more user, in the first table; left out: there is none. */
  readonly giantCopies?: number;
  /** Of InnoDB; must hold all tables. */
  readonly bufferPool?: string;
  readonly say: (line: string) => void;
}

/** The same for every contender, and large enough for all tables. */
export const mysqlArgs = (bufferPool = '1G') => [
  '--innodb-flush-log-at-trx-commit=1',
  '--sync-binlog=1',
  `--innodb-buffer-pool-size=${bufferPool}`,
  '--innodb-redo-log-capacity=2G',
];

/** Opens a system whose users' copies are scattered over their tables. */
export async function openWorld({ users, layout, giantCopies = 0, bufferPool, say }: WorldOptions): Promise<World> {
  const installation = await openInstallation({
    kind: 'bench',
    say,
    ...(layout.config === undefined ? {} : { config: layout.config }),
    mysqlArgs: mysqlArgs(bufferPool),
    morePlugins: [await prepareJdbcSink(say)],
    async fill(user, friend) {
      await fillUsers(user, giantCopies > 0 ? users + 1 : users);
      await fillCopies(friend, users, layout, giantCopies);
    },
  });
  say(`${users} users, ${users * COPIES_EACH + giantCopies} copies; the first load`);
  await catchUp(installation);
  return { ...installation, layout, users };
}

async function fillUsers(user: Database, users: number): Promise<void> {
  for (const ids of inTurn(users))
    await insertRows(
      user,
      'user_db.im_user (id, user_name, password, nick_name)',
      ids.map((id) => [id, `user${id}`, 'secret', nickOf('first', id)]),
    );
}

async function fillCopies(friend: Database, users: number, { copies }: Layout, giantCopies: number): Promise<void> {
  for (const [i, { table, number, key, nick, image, each }] of copies.entries()) {
    const insert = (rows: (readonly [number: number, key: number])[]) =>
      insertRows(
        friend,
        `${table} (${number}, ${key}, ${nick}, ${image})`,
        rows.map(([n, id]) => [n, id, nickOf('first', id), '']),
      );
    for (let n = 1; n <= each; n++) for (const ids of inTurn(users)) await insert(ids.map((id) => [n, id]));
    if (i === 0) for (const numbers of inTurn(giantCopies)) await insert(numbers.map((n) => [n, users + 1]));
    // Otherwise the count of rows written would begin anew now and then.
    await friend.write('no statistics meanwhile', `ALTER TABLE ${table} STATS_AUTO_RECALC = 0`);
  }
}

/** The numbers from 1 on, some at once. */
function* inTurn(count: number): Iterable<number[]> {
  for (let from = 1; from <= count; from += IDS_AT_ONCE)
    yield Array.from({ length: Math.min(IDS_AT_ONCE, count - from + 1) }, (_, i) => from + i);
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
export async function commitWorkload(world: World, { name, changes, keys }: Workload): Promise<Job> {
  const { operations, stack, user } = world;
  const [topic = ''] = operations.topics;
  const from = await endsOf(stack.kafkaBrokers, topic);
  const final = new Map<number, number>();
  const text = nickOf(name, 0).slice(0, -1);
  await commitAndArrive(stack.kafkaBrokers, topic, { text, messages: changes }, async () => {
    let some: [number, number][] = [];
    let n = 0;
    for (const key of keys()) {
      some.push([key, ++n]);
      final.set(key, n);
      if (some.length < ROWS_A_STATEMENT && n < changes) continue;
      await commitChanges(user, name, some);
      some = [];
    }
  });
  return { world, topic, workload: name, from, to: await endsOf(stack.kafkaBrokers, topic), changes, final };
}
