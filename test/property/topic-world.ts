import { type Change, equalValues, type Key, type Value } from '../../sync-service/src/domain/change.ts';
import { coalesce } from '../../sync-service/src/domain/coalesce.ts';
import { decide, type MirrorRow } from '../../sync-service/src/domain/decide.ts';
import { orderOf } from '../../sync-service/src/domain/position.ts';

export const KEYS = 4;
export const PARTITIONS = 2;

export type TopicAction =
  | { readonly do: 'write'; readonly key: number; readonly values: readonly (Value | undefined)[] }
  | { readonly do: 'read'; readonly key: number }
  | { readonly do: 'delete'; readonly key: number }
  | { readonly do: 'deliver'; readonly partition: number; readonly count: number }
  /** A batch that was delivered before comes once more, past the fence. */
  | { readonly do: 'repeat'; readonly partition: number; readonly from: number; readonly count: number }
  | { readonly do: 'rewind'; readonly partition: number; readonly to: number }
  /** The topic begins a new life, in which every row is sent; keys come by other partitions. */
  | { readonly do: 'epoch' }
  | { readonly do: 'fan out' }
  | { readonly do: 'edit'; readonly key: number };

interface Partition {
  log: Change[];
  nextOffset: number;
  replayUntil: number;
}

const emptyPartitions = (): Partition[] =>
  Array.from({ length: PARTITIONS }, () => ({ log: [], nextOffset: 0, replayUntil: 0 }));

/** A topic, a mirror and one copy per key in memory; what is decided comes from the code under test. */
export class TopicWorld {
  readonly mirror = new Map<Key, MirrorRow>();
  readonly marks = new Set<Key>();
  /** Edited by hand, and not marked since. */
  readonly edited = new Set<Key>();
  readonly copies = new Map<Key, (Value | undefined)[]>();
  /** The oracle: the newest change of each key among those that were delivered, one by one. */
  readonly newest = new Map<Key, Change>();
  partitions = emptyPartitions();
  /** Mirror rows that a repeated batch has written. */
  repeatedWrites = 0;
  #epoch = 1;
  readonly #source = new Map<number, readonly (Value | undefined)[]>();

  apply(action: TopicAction): void {
    if (action.do === 'write') {
      this.#source.set(action.key, action.values);
      this.#append(action.key, 'row', action.values);
    } else if (action.do === 'read') this.#read(action.key);
    else if (action.do === 'delete') {
      this.#source.delete(action.key);
      this.#append(action.key, 'delete', []);
    } else if (action.do === 'deliver') this.#deliver(action.partition, action.count);
    else if (action.do === 'repeat') this.#repeat(action.partition, action.from, action.count);
    else if (action.do === 'rewind') this.rewind(action.partition, action.to);
    else if (action.do === 'epoch') this.#beginEpoch();
    else if (action.do === 'fan out') this.fanOut();
    else {
      this.edited.add(BigInt(action.key));
      this.copies.set(BigInt(action.key), ['by hand', 'by hand']);
    }
  }

  rewind(partition: number, to: number): void {
    const at = this.#partition(partition);
    at.replayUntil = Math.max(at.replayUntil, at.nextOffset);
    at.nextOffset = Math.min(to, at.nextOffset);
  }

  deliverAll(): void {
    for (const partition of this.partitions.keys()) this.#deliver(partition, Number.POSITIVE_INFINITY);
  }

  fanOut(): void {
    for (const key of this.marks) this.copies.set(key, this.#wanted(key));
    this.marks.clear();
  }

  isEqual(key: Key): boolean {
    const copy = this.copies.get(key);
    return this.#wanted(key).every((value, i) => equalValues(value, copy?.[i]));
  }

  /** What the copy should hold: the mirror's values, the delete policy's of a deleted row, its own where unknown. */
  #wanted(key: Key): (Value | undefined)[] {
    const row = this.mirror.get(key);
    const copy = this.copies.get(key);
    return [0, 1].map((i) => (row?.isDeleted ? 'gone' : row?.values[i] === undefined ? copy?.[i] : row.values[i]));
  }

  #partition(number: number): Partition {
    return this.partitions[number % PARTITIONS] as Partition;
  }

  #append(key: number, kind: Change['kind'], values: Change['values']): void {
    const partition = (key + this.#epoch) % PARTITIONS;
    const { log } = this.#partition(partition);
    const position = { epoch: this.#epoch, partition, offset: BigInt(log.length) };
    log.push({ source: 's', key: BigInt(key), kind, values, position, gtid: null, committedAtMs: null });
  }

  #read(key: number): void {
    const values = this.#source.get(key);
    if (values) this.#append(key, 'row', values);
  }

  #deliver(partition: number, count: number): void {
    const at = this.#partition(partition);
    const batch = at.log.slice(at.nextOffset, at.nextOffset + count);
    at.nextOffset += batch.length;
    this.#ingest(batch, BigInt(at.replayUntil));
  }

  #repeat(partition: number, from: number, count: number): void {
    const at = this.#partition(partition);
    this.repeatedWrites += this.#ingest(at.log.slice(0, at.nextOffset).slice(from, from + count), 0n);
  }

  /** Returns how many mirror rows were written. */
  #ingest(batch: readonly Change[], replayUntil: bigint): number {
    let writes = 0;
    for (const [key, change] of coalesce(batch)) {
      const decision = decide(this.mirror.get(key), change, replayUntil);
      if (decision.kind !== 'accept') throw new Error('a key kept its partition');
      if (decision.write) {
        writes++;
        this.mirror.set(key, decision.write);
      }
      if (decision.mark) {
        this.marks.add(key);
        this.edited.delete(key);
      }
    }
    for (const change of batch) {
      const known = this.newest.get(change.key);
      if (change.position.offset < replayUntil) this.edited.delete(change.key);
      if (!known || orderOf(change.position, known.position) === 'newer') this.newest.set(change.key, change);
    }
    return writes;
  }

  #beginEpoch(): void {
    this.#epoch++;
    this.partitions = emptyPartitions();
    for (const [key, values] of this.#source) this.#append(key, 'row', values);
  }
}
