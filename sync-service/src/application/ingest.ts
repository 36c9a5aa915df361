import type { Change, Key } from '../domain/change.ts';
import type { Claim } from '../domain/claim.ts';
import { coalesce } from '../domain/coalesce.ts';
import { decide, type MirrorRow } from '../domain/decide.ts';
import { SyncError } from '../errors.ts';
import type { Consumed } from '../infrastructure/mysql/consumed-store.ts';
import type { Session } from '../infrastructure/mysql/database.ts';
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
  return store.database.transaction('ingest', async (tx) => {
    const consumed = await store.consumed.lock(tx, batch.topic, batch.partition);
    if (consumed?.nextOffset !== batch.expectedOffset || consumed.epoch !== batch.epoch)
      return { kind: 'moved', consumed };

    const outcome = await updateMirror(tx, source, batch, consumed);
    await source.pending.mark(tx, outcome.deleted, DELETE_DELAY_SECONDS);
    const claims = mayClaim && outcome.marked.length > 0 && outcome.marked.length <= MOST_KEYS_CLAIMED_AT_ONCE;
    const claim = claims ? await source.pending.markAndClaim(tx, outcome.marked) : undefined;
    if (!claims) await source.pending.mark(tx, outcome.marked);
    await store.consumed.advance(tx, batch.topic, batch.partition, batch.nextOffset, batch.maxTimestampMs);
    return { kind: 'stored', markCount: outcome.marked.length + outcome.deleted.length, claim };
  });
}

async function updateMirror(tx: Session, source: SourceStore, batch: IngestBatch, consumed: Consumed) {
  const newest = coalesce(batch.changes);
  const known = newest.size ? await source.mirror.lock(tx, [...newest.keys()]) : new Map<Key, MirrorRow>();
  const writes: MirrorRow[] = [];
  const marked: Key[] = [];
  const deleted: Key[] = [];
  for (const [key, change] of newest) {
    const decision = decide(known.get(key), change, consumed.replayUntil);
    if (decision.kind === 'other-partition') {
      const { offset } = change.newest.position;
      throw new SyncError(
        'topic_replaced',
        `${batch.topic}/${batch.partition} at offset ${offset}: its key came by another partition before; the partition count or the key's bytes changed`,
      );
    }
    if (decision.write) writes.push(decision.write);
    if (decision.mark) (decision.write?.isDeleted ? deleted : marked).push(key);
  }
  await source.mirror.write(tx, writes);
  return { marked, deleted };
}
