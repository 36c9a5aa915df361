/**
 * The order of changes of one key: (epoch, partition, offset). Offsets are comparable only within one epoch (one life
 * of a topic) and one partition; Debezium's timestamps and binlog positions are not an order at all.
 */
export interface Position {
  readonly epoch: number;
  readonly partition: number;
  readonly offset: bigint;
}

export type Order = 'newer' | 'same' | 'older' | 'other-partition';

/** How `incoming` stands to the position already known for the same key. */
export function orderOf(incoming: Position, known: Position): Order {
  if (incoming.epoch !== known.epoch) return incoming.epoch > known.epoch ? 'newer' : 'older';
  if (incoming.partition !== known.partition) return 'other-partition';
  if (incoming.offset === known.offset) return 'same';
  return incoming.offset > known.offset ? 'newer' : 'older';
}
