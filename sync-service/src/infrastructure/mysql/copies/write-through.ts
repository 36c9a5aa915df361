import type { MirrorRow } from '../../../domain/decide.ts';
import type { Database } from '../server/database.ts';
import type { Advance, ConsumedStore } from '../state/consumed-store.ts';
import type { MirrorStore } from '../state/mirror-store.ts';
import type { PendingStore } from '../state/pending-store.ts';
import type { ReadsStore } from '../state/reads-store.ts';
import type { CopyStore, Equalised } from './copy-store.ts';

/** More copies are left to the fan-out: the partition would be held up. */
const MOST_COPIES = 200;
const COPIES = '@friend_sync_copies';
const ARE_FEW = `${COPIES} <= ${MOST_COPIES}`;
const IS_CURRENT = '@friend_sync_is_current';
const STORED = '@friend_sync_stored';
const WAS_STORED = `${STORED} > 0`;

/** Where a partition must stand, and where it stands afterwards. */
export interface FencedAdvance extends Omit<Advance, 'floor'> {
  readonly epoch: number;
  readonly expectedOffset: bigint;
}

/** Stores one key and makes its copies equal, in one transaction that is sent in one round trip. */
export class WriteThrough {
  readonly #consumed: ConsumedStore;
  readonly #mirror: MirrorStore;
  readonly #reads: ReadsStore;
  readonly #copies: () => readonly CopyStore[] | undefined;
  readonly #pending: PendingStore;

  /** `copies`: every copy of the source; undefined while one is held, which the fan-out marks as missed. */
  constructor(
    consumed: ConsumedStore,
    mirror: MirrorStore,
    reads: ReadsStore,
    copies: () => readonly CopyStore[] | undefined,
    pending: PendingStore,
  ) {
    this.#consumed = consumed;
    this.#mirror = mirror;
    this.#reads = reads;
    this.#copies = copies;
    this.#pending = pending;
  }

  /**
   * Writes `row` and moves the offset if the partition stands where it must and was not set back, so that what comes is
   * newer than what came, the mirror's columns are those that we know, the key is in it, by this partition or from an epoch
   * before, and it has few copies; returns undefined, stores nothing and touches no copy if not. Fails, at once, where
   * somebody has locked a copy, or a target table does not take it.
   *
   * What the statements need of each other they are told by SQL: nothing is awaited between the first and the commit.
   */
  async write(database: Database, move: FencedAdvance, row: MirrorRow): Promise<Equalised | undefined> {
    const copies = this.#copies();
    if (!copies) return undefined;
    const counts = copies.map((copy) => copy.lockedCount(row.key, MOST_COPIES + 1));
    const { isCurrent } = this.#reads;
    const store = this.#storeStatement(move, row);
    const [, { matched }, , changed] = await database.transaction('write-through', (tx) =>
      tx.roundTrip(
        (t) => [
          t.rows(
            'locking copies',
            `SELECT ${counts.map(({ sql }) => sql).join(' + ')}, ${isCurrent.sql} INTO ${COPIES}, ${IS_CURRENT}`,
            [...counts.flatMap(({ parameters }) => parameters), ...isCurrent.parameters],
          ),
          t.write('storing a key', store.sql, store.parameters),
          // A mirror row that was not stored is not locked either: copies could be given what it has held before.
          t.write('storing a key', `SET ${STORED} = ROW_COUNT()`),
          Promise.all(copies.map((copy) => copy.makeEqualUnderLock(t, row.key, WAS_STORED))),
          this.#pending.unpark(t, row.key, WAS_STORED),
          this.#pending.wake(t, [row.key]),
        ],
        'commit',
      ),
    );
    if (matched === 0) return undefined;
    return {
      changed: changed.reduce((sum, n) => sum + n, 0),
      committedAtMs: row.committedAtMs === null ? [] : [row.committedAtMs],
    };
  }

  #storeStatement(move: FencedAdvance, row: MirrorRow) {
    const values = this.#mirror.assignments('m', row);
    const { epoch, partition } = row.position;
    return {
      sql: `UPDATE ${this.#consumed.table} AS c STRAIGHT_JOIN ${this.#mirror.table} AS m ON m.k = ?
        SET ${values.sql}, c.next_offset = ?, c.high_water = ?, c.newest_gtid = COALESCE(?, c.newest_gtid),
          c.max_timestamp_ms = GREATEST(c.max_timestamp_ms, ?)
        WHERE c.topic = ? AND c.\`partition\` = ? AND c.epoch = ? AND c.next_offset = ? AND c.high_water = c.next_offset
          AND (m.fs_epoch < ? OR (m.fs_epoch = ? AND m.fs_partition = ?)) AND ${ARE_FEW} AND ${IS_CURRENT}`,
      parameters: [
        row.key,
        ...values.parameters,
        move.nextOffset,
        move.nextOffset,
        move.newestGtid,
        move.maxTimestampMs,
        move.topic,
        move.partition,
        move.epoch,
        move.expectedOffset,
        epoch,
        epoch,
        partition,
      ],
    };
  }
}
