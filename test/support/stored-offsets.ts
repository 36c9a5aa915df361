import type { PartitionHandler } from '../../sync-service/src/infrastructure/kafka/partition-handler.ts';

/** Stands for the friend database: one next offset per partition, a fence, and what was stored, in order. */
export class StoredOffsets implements PartitionHandler {
  readonly next = new Map<number, bigint>();
  readonly stored: { partition: number; offsets: bigint[]; nextOffset: bigint }[] = [];
  readonly passes: { partition: number; from: bigint; to: bigint }[] = [];
  readonly assignments: { partition: number; offset: bigint }[] = [];
  /** Throws or waits in the place of the transaction. */
  before: () => Promise<void> = async () => {};

  assigned = async (_topic: string, partition: number) => {
    const offset = this.next.get(partition) ?? 0n;
    this.assignments.push({ partition, offset });
    return offset;
  };

  store: PartitionHandler['store'] = async ({ partition, expectedOffset, messages, nextOffset }) => {
    await this.before();
    if (!this.#move(partition, expectedOffset, nextOffset)) return this.#moved(partition);
    if (messages.length === 0) this.passes.push({ partition, from: expectedOffset, to: nextOffset });
    else this.stored.push({ partition, offsets: messages.map(({ offset }) => offset), nextOffset });
    return { kind: 'stored' };
  };

  offsets(partition = 0): bigint[] {
    return this.stored.filter((batch) => batch.partition === partition).flatMap(({ offsets }) => offsets);
  }

  #move(partition: number, expected: bigint, next: bigint): boolean {
    if ((this.next.get(partition) ?? 0n) !== expected) return false;
    this.next.set(partition, next);
    return true;
  }

  #moved(partition: number) {
    return { kind: 'moved', nextOffset: this.next.get(partition) ?? 0n } as const;
  }
}
