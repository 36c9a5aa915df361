import type { Change, Key } from '../domain/change.ts';
import type { Claim } from '../domain/claim.ts';
import { type Coalesced, coalesce } from '../domain/coalesce.ts';
import { decide, type MirrorRow } from '../domain/decide.ts';
import { SyncError } from '../errors.ts';
import type { Consumed } from '../infrastructure/mysql/consumed-store.ts';
import type { SourceStore, Store } from '../infrastructure/mysql/store.ts';

/** Deleted keys are fanned out a little later: REPLACE and delete-then-insert make no flicker. */
const DELETE_DELAY_SECONDS = 2;
/** Beyond so many keys a batch is bulk work, which the workers fetch for themselves. */
const MOST_KEYS_CLAIMED_AT_ONCE = 200;

/** The decoded messages of one partition, from `expectedOffset` up to `nextOffset` (exclusive), in offset order. */
export interface IngestBatch {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  readonly expectedOffset: bigint;
  readonly nextOffset: bigint;
  readonly maxTimestampMs: number;
  readonly changes: readonly Change[];
}

export type Ingested =
  | { readonly kind: 'stored'; readonly markCount: number; readonly claim: Claim | undefined }
  /** The database stands elsewhere (a rewind, another owner, a restored backup): nothing was stored. */
  | { readonly kind: 'moved'; readonly consumed: Consumed | undefined };

/**
 * Stores one batch in one transaction: the partition's row is locked and must stand where the batch begins; the newest
 * change of each key goes into the mirror if it is newer; keys whose copies may differ are marked; the offset moves.
 *
 * `mayClaim`: a worker is idle and waits for these keys, so they are claimed in the same transaction.
 */
export function ingest(store: Store, source: SourceStore, batch: IngestBatch, mayClaim: boolean): Promise<Ingested> {
  const newest = coalesce(batch.changes);
  return store.database.transaction('ingest', async (tx): Promise<Ingested> => {
    const [consumed, known] = await tx.roundTrip((t) => [
      store.consumed.lock(t, batch.topic, batch.partition),
      source.mirror.lock(t, [...newest.keys()]),
    ]);
    if (consumed?.nextOffset !== batch.expectedOffset || consumed.epoch !== batch.epoch)
      return { kind: 'moved', consumed };

    const { writes, marked, deleted } = decideAll(newest, known, consumed, batch);
    const claims = mayClaim && marked.length > 0 && marked.length <= MOST_KEYS_CLAIMED_AT_ONCE;
    const [, , claimed] = await tx.roundTrip(
      (t) => [
        source.mirror.write(t, writes),
        source.pending.mark(t, deleted, DELETE_DELAY_SECONDS),
        claims ? source.pending.markAndClaim(t, marked) : source.pending.mark(t, marked).then(() => undefined),
        store.consumed.advance(t, batch.topic, batch.partition, batch.nextOffset, batch.maxTimestampMs),
      ],
      'commit',
    );
    // It is stored whatever becomes of this question; without an answer the keys wait for the lease to end.
    const claim = claimed && (await source.pending.claimedKeys(store.database, claimed, marked).catch(() => undefined));
    return { kind: 'stored', markCount: marked.length + deleted.length, claim };
  });
}

function decideAll(
  newest: ReadonlyMap<Key, Coalesced>,
  known: ReadonlyMap<Key, MirrorRow>,
  { replayUntil }: Consumed,
  { topic, partition }: IngestBatch,
) {
  const writes: MirrorRow[] = [];
  const marked: Key[] = [];
  const deleted: Key[] = [];
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
    if (decision.mark) (decision.write?.isDeleted ? deleted : marked).push(key);
  }
  return { writes, marked, deleted };
}
