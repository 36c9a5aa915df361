import { type Change, isKnown, type Key } from '../../domain/change.ts';
import { type Coalesced, coalesce } from '../../domain/coalesce.ts';
import { BEFORE_ALL, decide, type MirrorRow } from '../../domain/decide.ts';
import { SyncError, toSyncError } from '../../errors.ts';
import type { Equalised } from '../../infrastructure/mysql/copies/copy-store.ts';
import type { Consumed } from '../../infrastructure/mysql/state/consumed-store.ts';
import type { SourceStore, Store } from '../../infrastructure/mysql/store.ts';

/** Deleted keys are fanned out a little later: REPLACE and delete-then-insert make no flicker. */
const DELETE_DELAY_SECONDS = 2;

/** The decoded messages of one partition, from `expectedOffset` up to `nextOffset` (exclusive), in offset order. */
export interface IngestBatch {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  readonly expectedOffset: bigint;
  readonly nextOffset: bigint;
  readonly maxTimestampMs: number;
  readonly changes: readonly Change[];
  /** Behind the last message whose key could not be read; undefined: there was none. */
  readonly floor?: bigint | undefined;
}

export type Ingested =
  | {
      readonly kind: 'stored';
      /** Keys that were marked, and wait for the fan-out. */
      readonly markCount: number;
      /** Keys that are due for a read. */
      readonly dueCount: number;
      /** What was written through, if it was. */
      readonly applied: Equalised | undefined;
    }
  /** The database stands elsewhere (a rewind, another owner, a restored backup): nothing was stored. */
  | { readonly kind: 'moved'; readonly consumed: Consumed | undefined };

/**
 * Stores one batch in one transaction: the partition's row is locked and must stand where the batch begins; the newest
 * change of each key goes into the mirror if it is newer; keys whose copies may differ are marked; the offset moves.
 *
 * `isFanOutIdle`: nothing else is to be written, so a few copies that nobody has locked are made equal in the same
 * transaction, which saves a second commit. What stands in the way (a lock, a refused value, a table that was renamed) is
 * left to the fan-out.
 */
export async function ingest(
  store: Store,
  source: SourceStore,
  batch: IngestBatch,
  isFanOutIdle: boolean,
): Promise<Ingested> {
  const newest = coalesce(batch.changes);
  const row = isFanOutIdle && batch.floor === undefined ? soleRow(newest) : undefined;
  const move = { ...batch, newestGtid: newestGtid(batch.changes) };
  const applied = row && (await source.writeThrough.write(store.database, move, row).catch(leaveToFanOut));
  return applied ? { kind: 'stored', markCount: 0, dueCount: 0, applied } : storeBatch(store, source, batch, newest);
}

/** What one key is now, all of it known, if the batch says that of one key and nothing else. */
function soleRow(newest: ReadonlyMap<Key, Coalesced>): MirrorRow | undefined {
  const [sole] = newest.values();
  if (newest.size !== 1 || !sole) return undefined;
  const { kind, key, values, position, committedAtMs } = sole.newest;
  if (kind !== 'row' || !values.every(isKnown)) return undefined;
  return { ...UNREAD, key, values, position, isDeleted: false, committedAtMs };
}

/** Write-through leaves in the mirror what only reads have to do with. */
const UNREAD = { readNumber: 0n, knownUntil: BEFORE_ALL.offset };

/** Only a store that cannot be written stands in ingest's way too; what else it is that does will show without the copies. */
function leaveToFanOut(error: unknown): undefined {
  const { kind } = toSyncError(error);
  if (kind === 'store_unavailable' || kind === 'aborted') throw error;
}

function newestGtid(changes: readonly Change[]): string | null {
  return changes.findLast(({ gtid }) => gtid !== null)?.gtid ?? null;
}

async function storeBatch(
  store: Store,
  source: SourceStore,
  batch: IngestBatch,
  newest: ReadonlyMap<Key, Coalesced>,
): Promise<Ingested> {
  const keys = [...newest.keys()];
  return store.database.transaction('ingest', async (tx): Promise<Ingested> => {
    const [consumed, known] = await tx.roundTrip((t) => [
      store.consumed.lock(t, batch.topic, batch.partition),
      source.mirror.lock(t, keys),
      source.reads.requireCurrent(t),
    ]);
    if (consumed?.nextOffset !== batch.expectedOffset || consumed.epoch !== batch.epoch)
      return { kind: 'moved', consumed };

    const { writes, marked, deleted, due, toldGone } = decideAll(newest, known, consumed, batch);
    await tx.roundTrip(
      (t) => [
        source.mirror.write(t, writes),
        source.pending.mark(t, deleted, DELETE_DELAY_SECONDS),
        source.pending.mark(t, marked),
        // What was decided of a row counts no more once it is heard of.
        source.due.mark(t, due, { takesGone: false }),
        source.due.mark(t, toldGone, { takesGone: true }),
        store.consumed.advance(t, { ...batch, newestGtid: newestGtid(batch.changes) }),
      ],
      'commit',
    );
    return {
      kind: 'stored',
      markCount: marked.length + deleted.length,
      dueCount: due.length + toldGone.length,
      applied: undefined,
    };
  });
}

function decideAll(
  newest: ReadonlyMap<Key, Coalesced>,
  known: ReadonlyMap<Key, MirrorRow>,
  { replayUntil }: Consumed,
  { topic, partition }: IngestBatch,
) {
  const writes: MirrorRow[] = [];
  const [marked, deleted, due, toldGone]: [Key[], Key[], Key[], Key[]] = [[], [], [], []];
  for (const [key, change] of newest) {
    const decision = decide(known.get(key), change, replayUntil);
    if (decision.kind === 'other-partition') {
      const { offset } = change.newest.position;
      throw new SyncError(
        'topic_replaced',
        `${topic}/${partition} at offset ${offset}: its key came by another partition before; the partition count or the key's bytes changed`,
      );
    }
    if (decision.write) writes.push(decision.write);
    if (decision.due) (change.newest.kind === 'told gone' ? toldGone : due).push(key);
    if (decision.mark) (decision.write?.isDeleted ? deleted : marked).push(key);
  }
  return { writes, marked, deleted, due, toldGone };
}
