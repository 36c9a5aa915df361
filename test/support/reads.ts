import { createLogger, Health, type Key } from '@friend-sync/sync-service';
import { DueReads } from '../../sync-service/src/application/read/due-reads.ts';
import { type Looked, lookAt, observe } from '../../sync-service/src/application/read/look.ts';
import { type ReadEvents, readEvents } from '../../sync-service/src/application/read/read-events.ts';
import type { ReadParts } from '../../sync-service/src/application/read/read-parts.ts';
import { type RoundOptions, type RoundOutcome, RoundRun } from '../../sync-service/src/application/read/round.ts';
import { Settler } from '../../sync-service/src/application/read/settler.ts';
import type { Settled } from '../../sync-service/src/application/read/write-reads.ts';
import { Perseverance } from '../../sync-service/src/application/watch/perseverance.ts';
import type { KafkaAdmin } from '../../sync-service/src/infrastructure/kafka/admin.ts';
import { Metrics } from '../../sync-service/src/metrics.ts';
import type { Feed } from './feed.ts';
import type { FriendServer } from './friend-server.ts';

/** Own reads of the first source of a friend server, whose stream is what a feed plays. */
export interface Reads extends AsyncDisposable {
  readonly parts: ReadParts;
  readonly settler: Settler;
  readonly events: ReadEvents;
  readonly metrics: Metrics;
  /** Observes, and reads these keys. */
  look(...keys: Key[]): Promise<Looked>;
  /** The same, and settles what it finds. */
  read(...keys: Key[]): Promise<Settled[]>;
  /** Takes up the round that is due and completes it; `ends` it as a daemon does, so that the next one is due at once. */
  round(more?: Partial<RoundOptions>): Promise<RoundOutcome | undefined>;
  /** Has due keys read until it is disposed. */
  readDue(): AsyncDisposable;
  /** Corrections that were counted, as `column cause`, with how many. */
  corrections(): Promise<Record<string, number>>;
}

/** The connector has sent whatever its server has committed, and the topic ends where the feed stands. */
export async function openReads(server: FriendServer, feed: Feed, more: Partial<ReadParts> = {}): Promise<Reads> {
  const { store, user } = server;
  const { source, topic } = feed;
  await store.database.transaction('adopting', (tx) => store.consumed.adopt(tx, topic, [{ partition: 0, low: 0n }]));
  await source.reads.adopt(store.database);
  await source.round.adopt(store.database);
  const executed = async () => {
    const [row] = await user.rows('reading', 'SELECT @@global.gtid_executed AS gtids');
    return { gtids: String(row?.gtids), file: '', pos: 0 };
  };
  const stopping = new AbortController();
  const parts: ReadParts = {
    store,
    source,
    database: user,
    stream: { connectorName: 'source', server: user, sent: executed, topics: [topic], heartbeatTopic: 'heartbeat' },
    topic,
    admin: { endOffsets: async () => new Map([[0, feed.nextOffset]]) } as unknown as KafkaAdmin,
    require: () => {},
    signal: stopping.signal,
    ...more,
  };
  const log = createLogger('fatal');
  const { signal } = stopping;
  const metrics = new Metrics();
  const settler = new Settler(parts, log);
  const events = readEvents(metrics, { notify() {} }, log);
  const look = async (...keys: Key[]) => lookAt(parts, keys, await observe(parts));
  const round: RoundOptions = {
    parts,
    readFrom: user,
    settler,
    events,
    rowsPerSecond: undefined,
    run: (work) => work(),
    signal,
    onDrift() {},
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
    async round(options) {
      const { database } = store;
      const taken = await database.transaction('rounds', (tx) => source.round.take(tx, 30));
      if (!taken) throw new Error('no round is due');
      const outcome = await new RoundRun(taken, { ...round, ...options }).complete();
      if (outcome) await source.round.end(database, taken.token, outcome, outcome.goneKeys, 0);
      return outcome;
    },
    readDue: () => new DueReads({ parts, settler, events, perseverance: new Perseverance(new Health(), log, 1_000) }),
    async corrections() {
      const { values } = await metrics.corrections.get();
      return Object.fromEntries(values.map(({ labels, value }) => [`${labels.column} ${labels.cause}`, value]));
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
    },
  };
}
