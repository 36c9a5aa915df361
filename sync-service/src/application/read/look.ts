import { setTimeout as delay } from 'node:timers/promises';
import type { Key } from '../../domain/change.ts';
import type { MirrorRow } from '../../domain/decide.ts';
import { agrees, isBelow, type Observation, type ReadRow } from '../../domain/read.ts';
import { SyncError } from '../../errors.ts';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import { unitedGtids } from '../../infrastructure/mysql/server/gtid-set.ts';
import type { ReadPage } from '../../infrastructure/mysql/server/source-rows.ts';
import { type ReadParts, serverName } from './read-parts.ts';

/** A server that has not executed what it must is asked again so often, and for so long. */
const ASK_AGAIN_MS = 20;
const PATIENCE_MS = 20_000;

/** A row that the mirror contradicts. Which of the two is right, only the barrier tells. */
export interface Suspect {
  readonly read: ReadRow;
  readonly known: MirrorRow | undefined;
  readonly observation: Observation;
  /** What the server that was read had executed: it need not be the one that is asked later. */
  readonly executed: string;
}

/** What a look has found. */
export interface Looked {
  readonly rows: readonly ReadRow[];
  /** What the mirror had of them. */
  readonly known: ReadonlyMap<Key, MirrorRow>;
  /** Keys of which mirror and source say the same, and nothing has been heard since the observation. */
  readonly equal: readonly Key[];
  readonly suspects: readonly Suspect[];
  /** Suspects that the source has no row of. */
  readonly gone: readonly Suspect[];
  /** Keys that neither has a row of. */
  readonly absent: readonly Suspect[];
  readonly bytes: number;
}

/** What is known of the source's place among the changes; rows that are read from now on are at least as new. */
export async function observe({ store, source, stream, topic }: ReadParts): Promise<Observation> {
  const [token, consumed, readNumber] = await store.database.transaction('beginning a look', (tx) =>
    tx.roundTrip(
      (t) => [
        source.reads.beginLook(t),
        store.consumed.readAll(t, topic),
        source.reads.readNumber(t),
        source.reads.requireCurrent(t),
      ],
      'commit',
    ),
  );
  // Asked after the rest: whatever was read and written before had been sent by then.
  const sent = await stream.sent();
  const [first] = consumed.values();
  if (!sent || !first)
    throw new SyncError(
      'source_unavailable',
      sent ? `${topic} has not been adopted yet` : `the connector ${stream.connectorName} has stored no position yet`,
    );
  const newest = [...consumed.values()].map(({ newestGtid }) => newestGtid).filter((gtid) => gtid !== null);
  return {
    token,
    epoch: first.epoch,
    water: new Map([...consumed].map(([partition, { highWater }]) => [partition, highWater])),
    readNumber,
    required: unitedGtids([sent.gtids, ...newest]),
  };
}

/** Reads the rows of these keys and compares them with the mirror. */
export function lookAt(parts: ReadParts, keys: readonly Key[], observation: Observation): Promise<Looked> {
  const { source, database } = parts;
  return look(parts, observation, database, () => source.rows.ofKeys(database, keys, observation.required));
}

/**
 * Reads the rows after a key, in the order of the source, and compares them with the mirror; no more than `limit`.
 * `server`: a replica of the user server may be asked as well. What it says is to be read again before it is settled.
 */
export function lookAfter(
  parts: ReadParts,
  after: Key | undefined,
  limit: number,
  observation: Observation,
  server: Database,
): Promise<Looked> {
  return look(parts, observation, server, () => parts.source.rows.after(server, after, limit, observation.required));
}

async function look(
  parts: ReadParts,
  observation: Observation,
  server: Database,
  read: () => Promise<ReadPage>,
): Promise<Looked> {
  parts.require();
  const { rows, bytes, executed } = await readOnceExecuted(parts, server, read);
  const known = await parts.source.mirror.read(
    parts.store.database,
    rows.map(({ key }) => key),
  );
  const looked = {
    rows,
    known,
    bytes,
    equal: [] as Key[],
    suspects: [] as Suspect[],
    gone: [] as Suspect[],
    absent: [] as Suspect[],
  };
  for (const read of rows) {
    const suspect = { read, known: known.get(read.key), observation, executed };
    if (!suspect.known && !read.values) looked.absent.push(suspect);
    else if (!agrees(read, suspect.known)) (read.values ? looked.suspects : looked.gone).push(suspect);
    // What has been heard of since may be right by chance.
    else if (isBelow(suspect.known, observation)) looked.equal.push(read.key);
  }
  return looked;
}

/**
 * A server that has yet to execute what the connector has sent, or what was ingested, shows rows that are older than the
 * mirror: a replica, and for a moment the primary as well, since a change is sent once it is in the binary log.
 */
async function readOnceExecuted(parts: ReadParts, server: Database, read: () => Promise<ReadPage>): Promise<ReadPage> {
  const { signal } = parts;
  for (const until = performance.now() + PATIENCE_MS; ; await delay(ASK_AGAIN_MS, undefined, { signal })) {
    const page = await read();
    if (!page.hasGtids)
      throw new SyncError('contract_broken', `${serverName(parts, server)} has no GTIDs; set gtid_mode=ON`);
    if (page.missing === '') return page;
    if (performance.now() > until)
      throw new SyncError(
        'user_database_unavailable',
        `${serverName(parts, server)} has not executed ${page.missing}, which was sent or ingested: it lags, or was set back`,
      );
  }
}
