import { createLogger, Health, type Store } from '@friend-sync/sync-service';
import { expect } from 'vitest';
import { watchCopies } from '../../sync-service/src/application/supervise/copy-watch.ts';
import { column, drain } from './drain.ts';
import { createFeed, type Feed } from './feed.ts';
import { type FriendServer, type FriendServerOptions, openFriendServer } from './friend-server.ts';
import { type OpenReads, openReads } from './reads.ts';
import { PATIENCE_MS } from './scale.ts';
import { TABLES } from './tables.ts';

const SOON = { timeout: PATIENCE_MS, interval: 50 };

/** A source whose copies are equal, with nothing pending and no round due, and what a daemon does about its targets. */
export interface SettledCopies extends AsyncDisposable {
  readonly server: FriendServer;
  readonly feed: Feed;
  /** What the last look of that daemon, or of another one, has told. */
  look(store?: Store): Promise<Health['troubles']>;
  /** Gives key 1 this nick at the source, and ingests it. */
  change(nick: string): Promise<void>;
  alter(sql: string): Promise<unknown>;
  /** Has the round end that is due soon, by that daemon or another one, and writes what it has found. */
  round(store?: Store): Promise<void>;
  /** The ids of the copies that are marked as missed. */
  missed(): Promise<unknown[]>;
  nicks(table: 'friend' | 'member'): Promise<unknown[]>;
}

/** Keys 1 and 2 with copies in both of the default tables. */
export async function openSettledCopies(options: FriendServerOptions = TABLES): Promise<SettledCopies> {
  const server = await openFriendServer(options);
  const feed = createFeed(server);
  const { user, userDb, friend, friendDb, configuration } = server;
  await user.write('rows', `INSERT INTO ${userDb}.account (id, nick) VALUES (1,'Ann'),(2,'Bea')`);
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1),(2),(1),(1)`);
  await friend.write('copies', `INSERT INTO ${friendDb}.member VALUES (7,1,NULL),(7,2,NULL)`);
  await feed.rows([1n, null, 'Ann'], [2n, null, 'Bea']);
  await drain(server);
  const reads: OpenReads = await openReads(server, feed);
  const round = async (store = server.store) => {
    const [source] = store.sources.values();
    const having = reads.having({ store, source: source ?? feed.source });
    await expect.poll(() => having.round().then(() => true, isNotDue), SOON).toBe(true);
    // The next one is not due by itself.
    await friend.write(
      'waiting',
      `UPDATE ${configuration.settings.target.stateDatabase}.round SET due = NOW(6) + INTERVAL 1 HOUR`,
    );
    await drain({ ...server, store });
  };
  await round();
  return {
    server,
    feed,
    round,
    async look(store = server.store) {
      const health = new Health();
      await using _ = await watchCopies({ store, health, log: createLogger('fatal') });
      return health.troubles;
    },
    async change(nick) {
      await user.write('a change', `UPDATE ${userDb}.account SET nick = ? WHERE id = 1`, [nick]);
      await feed.rows([1n, null, nick]);
    },
    alter: (sql) => friend.write('altering', sql.replaceAll('DB.', `${friendDb}.`)),
    missed: () => column(server, `SELECT copy FROM ${configuration.settings.target.stateDatabase}.missed_copy`),
    nicks: (table) => column(server, `SELECT DISTINCT nick FROM ${friendDb}.${table} ORDER BY nick`),
    [Symbol.asyncDispose]: () => reads[Symbol.asyncDispose](),
  };
}

function isNotDue(error: unknown): false {
  if (error instanceof Error && error.message === 'no round is due') return false;
  throw error;
}
