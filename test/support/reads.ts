import { createLogger, Health, type Key, openSourceDatabase } from '@friend-sync/sync-service';
import { DueReads } from '../../sync-service/src/application/read/due-reads.ts';
import { type Looked, lookAt, observe } from '../../sync-service/src/application/read/look.ts';
import { type ReadEvents, readEvents } from '../../sync-service/src/application/read/read-events.ts';
import type { ReadParts } from '../../sync-service/src/application/read/read-parts.ts';
import { completeRound } from '../../sync-service/src/application/read/round.ts';
import type { RoundOptions } from '../../sync-service/src/application/read/round-course.ts';
import { Settler } from '../../sync-service/src/application/read/settler.ts';
import type { Settled } from '../../sync-service/src/application/read/write-reads.ts';
import { Perseverance } from '../../sync-service/src/application/supervise/perseverance.ts';
import type { RoundTally } from '../../sync-service/src/infrastructure/mysql/state/round-store.ts';
import { Metrics } from '../../sync-service/src/metrics.ts';
import { drain } from './drain.ts';
import { endedLog } from './ended-log.ts';
import { createFeed, type Feed } from './feed.ts';
import { type FriendServer, openFriendServer } from './friend-server.ts';
import { TABLES } from './tables.ts';

/** Own reads of one source, with parts that the test may replace. */
export interface Reads {
  readonly parts: ReadParts;
  readonly settler: Settler;
  readonly events: ReadEvents;
  readonly metrics: Metrics;
  /** Observes, and reads these keys. */
  look(...keys: Key[]): Promise<Looked>;
  /** The same, and settles what it finds. */
  read(...keys: Key[]): Promise<Settled[]>;
  /** Takes up the round that is due and completes it; the next one is due at once. */
  round(more?: Partial<RoundOptions>): Promise<RoundTally | undefined>;
  /** Has due keys read until it is disposed. */
  readDue(): AsyncDisposable;
  /** Corrections that were counted, by `column cause`. */
  corrections(): Promise<Record<string, number>>;
}

/** Own reads of the first source of a friend server, whose stream is what a feed plays; the server is disposed with them. */
export interface OpenReads extends Reads, AsyncDisposable {
  /** The same with other parts, disposed with these. */
  having(more: Partial<ReadParts>): Reads;
}

/** The connector has sent whatever its server has committed, and the topic ends where the feed stands. */
export async function openReads(server: FriendServer, feed: Feed): Promise<OpenReads> {
  const { store, user, configuration } = server;
  const { source, topic } = feed;
  await store.database.transaction('adopting', (tx) => store.consumed.adopt(tx, topic, [{ partition: 0, low: 0n }]));
  await source.reads.adopt(store.database);
  await source.round.adopt(store.database);
  const sent = async () => {
    const [row] = await user.rows('reading', 'SELECT @@global.gtid_executed AS gtids');
    return { gtids: String(row?.gtids), file: '', pos: 0 };
  };
  const database = openSourceDatabase(configuration);
  const status = async () => undefined;
  const stopping = new AbortController();
  const parts: ReadParts = {
    store,
    source,
    database,
    stream: { connectorName: 'source', server: user, sent, status, topics: [topic], heartbeatTopic: 'heartbeat' },
    topic,
    admin: endedLog(async () => new Map([[0, feed.nextOffset]])),
    require: () => {},
    signal: stopping.signal,
  };
  return {
    ...readsOf(parts),
    having: (more) => readsOf({ ...parts, ...more }),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await database[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

function readsOf(parts: ReadParts): Reads {
  const { store, source, database: readFrom, signal } = parts;
  const log = createLogger('fatal');
  const metrics = new Metrics();
  const settler = new Settler(parts, log);
  const events = readEvents(metrics, { notify() {} }, log);
  const look = async (...keys: Key[]) => lookAt(parts, keys, await observe(parts));
  const run = <T>(work: () => Promise<T>) => work();
  const options: RoundOptions = {
    parts,
    readFrom,
    settler,
    events,
    rowsPerSecond: undefined,
    run,
    signal,
    onDrift() {},
    onBehind() {},
    onUnswept() {},
  };
  return {
    parts,
    settler,
    events,
    metrics,
    look,
    async read(...keys) {
      const { suspects, gone } = await look(...keys);
      const settled = await settler.settle([...suspects, ...gone]);
      events.onSettled(parts, settled, 'patrol');
      return settled;
    },
    async round(more) {
      const taken = await store.database.transaction('rounds', (tx) => source.round.take(tx, 30));
      if (!taken) throw new Error('no round is due');
      try {
        const outcome = await completeRound(taken, { ...options, ...more });
        if (outcome) await source.round.end(store.database, taken.token, outcome, 0);
        return outcome;
      } catch (error) {
        await source.round.leave(store.database, taken.token, 0);
        throw error;
      }
    },
    readDue: () => new DueReads({ parts, settler, events, perseverance: new Perseverance(new Health(), log, 1_000) }),
    async corrections() {
      const { values } = await metrics.corrections.get();
      return Object.fromEntries(values.map(({ labels, value }) => [`${labels.column} ${labels.cause}`, value]));
    },
  };
}

/**
 * The same while the connector has sent nothing of what is committed from now on: at the fifth look at what it has sent,
 * `arrive` ingests it.
 */
export async function behind(reads: OpenReads, arrive: () => Promise<unknown>): Promise<Reads> {
  const { stream } = reads.parts;
  const before = await stream.sent();
  let looks = 0;
  const sent = async () => {
    if (++looks === 5) await arrive();
    return looks < 5 ? before : stream.sent();
  };
  return reads.having({ stream: { ...stream, sent } });
}

/** What became of each key. */
export function outcomes(settled: readonly Settled[]): [Key, Settled['outcome']][] {
  return settled.map(({ suspect, outcome }): [Key, Settled['outcome']] => [suspect.read.key, outcome]).sort();
}

/** Own reads of the default tables: keys 1 to 3 with a copy each, source, mirror and copies equal, nothing pending. */
export async function openSettledReads(): Promise<{ server: FriendServer; feed: Feed; reads: OpenReads }> {
  const server = await openFriendServer(TABLES);
  const feed = createFeed(server);
  const { user, userDb, friend, friendDb } = server;
  await user.write('rows', `INSERT INTO ${userDb}.account (id, nick) VALUES (1,'Ann'),(2,'Bea'),(3,'Cid')`);
  await friend.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1),(2),(3)`);
  await feed.rows([1n, null, 'Ann'], [2n, null, 'Bea'], [3n, null, 'Cid']);
  await drain(server);
  return { server, feed, reads: await openReads(server, feed) };
}
