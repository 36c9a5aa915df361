import { binlogLines, type MysqlAddress, prepareMysql } from '@friend-sync/local-stack';
import type { Database } from '@friend-sync/sync-service';
import { nickOf } from './contest/workload.ts';
import type { World } from './contest/world.ts';

/** The binary logs that hold what is committed from now on. */
export interface Logs {
  readonly user: string;
  readonly friend: string;
}

/** When changes have arrived, by the clocks of both servers' binary logs. */
export interface Arrivals {
  /** Of each change, from its commit in the user database to that of its user's last copy. */
  readonly delaysMs: readonly number[];
  /** From the first commit in the user database to that of the last copy. */
  readonly seconds: number;
  /** Of copies that one transaction has written, of any user: the most. */
  readonly largestTransaction: number;
}

/** One transaction, as far as it has written the table. */
interface Commit {
  /** By the server's clock. */
  readonly atMs: number;
  readonly rows: number;
  readonly nicks: ReadonlySet<string>;
}

export async function newLogs({ user, friend }: World): Promise<Logs> {
  return { user: await newLog(user), friend: await newLog(friend) };
}

async function newLog(server: Database): Promise<string> {
  await server.write('a new binary log', 'FLUSH BINARY LOGS');
  return String((await server.rows('listing binary logs', 'SHOW BINARY LOGS')).at(-1)?.Log_name);
}

/** Reads how the changes of this name have arrived that these logs hold. All of them must have, none passed over for a later one. */
export async function readArrivals({ stack }: World, logs: Logs, mark: string): Promise<Arrivals> {
  const text = nickOf(mark, 0).slice(0, -1);
  const committed = new Map<string, number>();
  for await (const { atMs, nicks } of commits(stack.userMysql, logs.user, '`user_db`.`im_user`'))
    for (const nick of nicks) if (nick.startsWith(text)) committed.set(nick, atMs);
  const arrived = new Map<string, number>();
  let largestTransaction = 0;
  for await (const { atMs, rows, nicks } of commits(stack.friendMysql, logs.friend, '`friend_db`.`im_friend`')) {
    for (const nick of nicks) arrived.set(nick, atMs);
    largestTransaction = Math.max(largestTransaction, rows);
  }
  const delaysMs = [...committed].map(([nick, atMs]) => (arrived.get(nick) ?? Number.NaN) - atMs);
  const missing = delaysMs.filter(Number.isNaN).length;
  if (missing > 0 || delaysMs.length === 0)
    throw new Error(`${missing} of ${delaysMs.length} changes have not arrived`);
  const [first] = committed.values();
  const last = [...committed.keys()].reduce((most, nick) => Math.max(most, arrived.get(nick) ?? 0), 0);
  return { delaysMs, seconds: (last - (first ?? 0)) / 1_000, largestTransaction };
}

async function* commits(server: MysqlAddress, firstLog: string, table: string): AsyncGenerator<Commit> {
  yield* readCommits(binlogLines(await prepareMysql(() => {}), server, firstLog), table);
}

/** What each transaction has written to a table of the example, of whose columns the fourth is the nickname. */
export async function* readCommits(lines: AsyncIterable<string>, table: string): AsyncGenerator<Commit> {
  let [atMs, rows, isOurs, isNew] = [0, 0, false, false];
  let nicks = new Set<string>();
  for await (const line of lines) {
    if (line.startsWith('###   @4=')) {
      if (isOurs && isNew) nicks.add(line.slice("###   @4='".length, -1));
    } else if (line.startsWith('### UPDATE') || line.startsWith('### INSERT')) {
      isOurs = line.endsWith(table);
      if (isOurs) rows++;
    } else if (line === '### SET' || line === '### WHERE') isNew = line === '### SET';
    else if (line.startsWith('# immediate_commit_timestamp=')) atMs = Number(line.match(/=(\d+)/)?.[1]) / 1_000;
    else if (line.startsWith('COMMIT')) {
      if (rows > 0) yield { atMs, rows, nicks };
      [rows, nicks] = [0, new Set()];
    }
  }
}
