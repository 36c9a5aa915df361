import { type Configuration, changeTopic, type SourceMapping } from '@friend-sync/connectors';
import { must, SyncError } from '../../errors.ts';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';
import { newestBelow } from './offsets.ts';

/**
 * Where reading is to go on. `atMs`: at the first record with that timestamp or a later one. `by`: so many offsets further
 * on, or back. `offsets`: by {@link placeOf}; the partitions that are not listed stay.
 */
export type OffsetTarget =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'offset'; readonly offset: bigint }
  | { readonly kind: 'datetime'; readonly atMs: number }
  | { readonly kind: 'shift'; readonly by: bigint }
  | { readonly kind: 'listed'; readonly offsets: ReadonlyMap<string, bigint> };

/** Change topics that are meant, and of each the partitions; undefined: all of them. */
export type ChosenTopics = ReadonlyMap<string, readonly number[] | undefined>;

export interface OffsetMove {
  readonly source: string;
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
  /** What was asked for; `to` is the nearest offset that may be read. */
  readonly wanted: bigint;
}

/** What becomes of the rows that a move forward passes over: all are read afterwards, or they wait for the patrol. */
export type Skipping = 'backfill' | 'accept loss';

const placeOf = ({ topic, partition }: Pick<OffsetMove, 'topic' | 'partition'>) => `${topic}:${partition}`;

export interface ResetParts {
  readonly configuration: Configuration;
  readonly store: Store;
  readonly admin: Pick<KafkaAdmin, 'partitionOffsets' | 'offsetsAtTimestamp'>;
}

/** Where a reset would move each of the partitions; a target outside the log, or below the floor, is brought to its nearest end. */
export async function planReset(
  { configuration, store, admin }: ResetParts,
  sources: readonly SourceMapping[],
  target: OffsetTarget,
  topics?: ChosenTopics,
): Promise<OffsetMove[]> {
  const moves: OffsetMove[] = [];
  for (const source of sources) {
    const topic = changeTopic(configuration.settings, source);
    if (topics && !topics.has(topic)) continue;
    const partitions = topics?.get(topic);
    const consumed = await store.consumed.readAll(store.database, topic);
    const atTime = target.kind === 'datetime' ? await admin.offsetsAtTimestamp(topic, target.atMs) : undefined;
    for (const { partition, low, high } of await admin.partitionOffsets(topic)) {
      const known = consumed.get(partition);
      if (!known || (partitions && !partitions.includes(partition))) continue;
      const from = known.nextOffset;
      const wanted = {
        earliest: low,
        latest: high,
        offset: 'offset' in target ? target.offset : low,
        datetime: atTime?.get(partition) ?? high,
        shift: 'by' in target ? from + target.by : from,
        listed: ('offsets' in target ? target.offsets.get(placeOf({ topic, partition })) : undefined) ?? from,
      }[target.kind];
      const to = clamp(wanted, known.floor > low ? known.floor : low, high);
      moves.push({ source: source.name, topic, partition, from, to, wanted });
    }
  }
  requireAll(moves, [
    ...[...(topics ?? [])].flatMap(([topic, some = []]) => some.map((partition) => placeOf({ topic, partition }))),
    ...('offsets' in target ? target.offsets.keys() : []),
  ]);
  return moves;
}

/** Nothing that was named is passed over in silence. */
function requireAll(moves: readonly OffsetMove[], named: readonly string[]): void {
  const found = moves.map(placeOf);
  const missing = named.filter((place) => !found.includes(place));
  if (missing.length === 0) return;
  throw new SyncError('contract_broken', `${missing.join(', ')}: no daemon has read this partition of a change topic`, {
    hint: 'friend-sync offsets show lists them all',
  });
}

function clamp(offset: bigint, low: bigint, high: bigint): bigint {
  if (offset < low) return low;
  return offset > high ? high : offset;
}

/** What a plan means, in sentences. */
export function describeReset(moves: readonly OffsetMove[]): string[] {
  const back = moves.filter(({ from, to }) => to < from);
  const forward = moves.filter(isForward);
  const span = (some: readonly OffsetMove[]) =>
    some.reduce((sum, { from, to }) => sum + (to < from ? from - to : to - from), 0n);
  const names = [...new Set(forward.map(({ source }) => source))].join(', ');
  return [
    ...moves
      .filter(({ to, wanted }) => to !== wanted)
      .map((move) => {
        const why =
          move.to < move.wanted
            ? 'is where it ends'
            : 'is the first that may be read again: what lies before is gone, of an older epoch, or was skipped';
        return `${placeOf(move)}: ${move.wanted} was asked for, and ${move.to} ${why}`;
      }),
    ...(back.length > 0
      ? [
          `back: ${back.map(placeOf).join(', ')}; at most ${span(back)} messages are read again. No copy can step back: an older change is never written, and every key on the way is made equal again`,
        ]
      : []),
    ...(forward.length > 0
      ? [
          `forward: ${forward.map(placeOf).join(', ')}; ${span(forward)} offsets are skipped for good, and the changes in them are not applied. --then-backfill reads every row of ${names} afterwards; --accept-loss leaves it to the next round of the patrol`,
        ]
      : []),
    ...(back.length + forward.length === 0 ? ['nothing to move'] : []),
  ];
}

const isForward = ({ from, to }: OffsetMove) => to > from;

/**
 * Sets the offsets in the friend database; a running daemon follows within a second or two and need not be stopped. A rewind
 * repairs: every key it passes is made equal again. Nothing is moved where an offset would go forward and it is not said what
 * becomes of the rows that are passed over.
 */
export async function executeReset(
  store: Store,
  admin: Pick<KafkaAdmin, 'offsetsAtTimestamp'>,
  moves: readonly OffsetMove[],
  skipping?: Skipping,
): Promise<void> {
  if (moves.some(isForward) && skipping === undefined)
    throw new SyncError('contract_broken', 'a move forward skips changes; nothing was moved', {
      hint: 'add --then-backfill, which reads every row afterwards, or --accept-loss',
    });
  for (const move of moves.filter(({ from, to }) => to !== from)) {
    const { source, topic, partition, to } = move;
    const newestMs = await newestBelow(admin, topic, new Map([[partition, to]]));
    await store.database.transaction('resetting offsets', async (tx) => {
      // By what has been read by now, which may be more than when the move was planned, or, after another rewind, less.
      const { nextOffset } = (await store.consumed.lock(tx, topic, partition)) ?? { nextOffset: 0n };
      if (to < nextOffset) return store.consumed.rewind(tx, topic, partition, to);
      if (!isForward(move)) return;
      await store.consumed.skip(tx, topic, partition, to, newestMs(partition));
      // In the same transaction, so that no end in between leaves rows that nobody asks for.
      if (skipping === 'backfill') await must(store.sources.get(source), source).round.request(tx);
    });
  }
}

/** As `kafka-consumer-groups.sh --export` writes it: where each partition is to go on. */
export function exportOffsets(moves: readonly OffsetMove[]): string {
  return moves.map(({ topic, partition, to }) => `${topic},${partition},${to}`).join('\n');
}

/** Reads what {@link exportOffsets}, or Kafka's own tool, has written. */
export function importOffsets(text: string): OffsetTarget {
  const lines = text.split(/\r?\n/).map((line, i) => ({ line, number: i + 1 }));
  const offsets = lines
    .filter(({ line }) => line !== '')
    .map(({ line, number }): [string, bigint] => {
      const [, topic, partition, offset] = line.match(/^"?([^",]+)"?,(\d+),(\d+)$/) ?? [];
      if (topic === undefined || offset === undefined)
        throw new SyncError('contract_broken', `line ${number} is not topic,partition,offset`, {
          hint: 'friend-sync offsets reset --export writes such a file',
        });
      return [placeOf({ topic, partition: Number(partition) }), BigInt(offset)];
    });
  return { kind: 'listed', offsets: new Map(offsets) };
}
