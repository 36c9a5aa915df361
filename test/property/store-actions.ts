import fc from 'fast-check';
import type { Cut } from './disturbed.ts';
import { KEYS, partitionOf, type Row } from './source-log.ts';

/** One thing that may happen to the source, to a daemon, or to the friend database. */
export type Action =
  | { readonly do: 'change'; readonly key: number; readonly columns: readonly (keyof Row)[] }
  | { readonly do: 'delete'; readonly key: number }
  | { readonly do: 'backfill'; readonly key: number }
  | ({ readonly do: 'deliver' } & Delivery)
  /** A former owner of the partition stores what it read before. */
  | { readonly do: 'deliver late'; readonly partition: number; readonly back: number }
  | { readonly do: 'rewind'; readonly partition: number; readonly to: number }
  /** A worker claims keys; all leases have ended where it takes over. */
  | { readonly do: 'claim'; readonly limit: number; readonly takesOver: boolean }
  /** Fans out a claim, however old it is. Its `nth` transaction is cut, or does not begin before the worker wakes. */
  | { readonly do: 'work'; readonly claim: number; readonly fate: Cut | 'runs' | 'stalls'; readonly nth: number }
  | { readonly do: 'wake'; readonly worker: number }
  | { readonly do: 'fan out all' }
  /** Both partitions are delivered, and two workers work, at the same time. */
  | { readonly do: 'together'; readonly count: number }
  /** The application inserts a copy, or changes one, with values that it read some states ago. */
  | { readonly do: 'late copy'; readonly key: number; readonly back: number; readonly how: 'insert' | 're-add' }
  | { readonly do: 'see late copies' }
  /** The mapping gets or loses the avatar and the second target; then the service is started again. */
  | { readonly do: 'remap' };

export interface Delivery {
  readonly partition: number;
  readonly count: number;
  readonly isFanOutIdle: boolean;
  /** The application has a copy of this key locked meanwhile. */
  readonly locked: number | undefined;
  readonly cut: Cut | undefined;
}

const CUTS: readonly Cut[] = ['before the commit', 'after the commit'];
const cut = fc.constantFrom(undefined, undefined, undefined, ...CUTS);

/** What may happen to these keys. */
function actionsOf(keys: readonly number[]): fc.Arbitrary<Action[]> {
  const key = fc.constantFrom(...keys);
  const partition = key.map(partitionOf);
  const few = fc.integer({ min: 1, max: 4 });
  const action = fc.oneof(
    weighted(8, 'change', { key, columns: fc.subarray<keyof Row>(['nick', 'avatar']) }),
    weighted(1, 'delete', { key }),
    weighted(1, 'backfill', { key }),
    weighted(8, 'deliver', {
      partition,
      count: few,
      isFanOutIdle: fc.boolean(),
      locked: fc.option(key, { nil: undefined }),
      cut,
    }),
    weighted(1, 'deliver late', { partition, back: few }),
    weighted(2, 'rewind', { partition, to: fc.nat(10) }),
    weighted(6, 'claim', { limit: few, takesOver: fc.boolean() }),
    weighted(10, 'work', {
      claim: fc.nat(1),
      fate: fc.constantFrom<'runs' | 'stalls' | Cut>('runs', 'runs', 'stalls', ...CUTS),
      nth: fc.integer({ min: 1, max: 3 }),
    }),
    weighted(4, 'wake', { worker: fc.nat(2) }),
    weighted(2, 'fan out all', {}),
    weighted(2, 'together', { count: few }),
    weighted(3, 'late copy', { key, back: fc.nat(3), how: fc.constantFrom<'insert' | 're-add'>('insert', 're-add') }),
    weighted(2, 'see late copies', {}),
    weighted(1, 'remap', {}),
  );
  return fc.array(action, { maxLength: 60, size: 'max' });
}

type ActionOf<D extends Action['do']> = Extract<Action, { do: D }>;
type Fields<D extends Action['do']> = { [F in Exclude<keyof ActionOf<D>, 'do'>]: fc.Arbitrary<ActionOf<D>[F]> };

function weighted<D extends Action['do']>(weight: number, kind: D, fields: Fields<D>): fc.WeightedArbitrary<Action> {
  const values = fc.record<Record<string, unknown>>(fields);
  return { weight, arbitrary: values.map((some) => ({ ...some, do: kind }) as unknown as Action) };
}

/** Of all keys, or of few, so that more happens to each. */
export const actions = fc.constantFrom([2], [2, 3], KEYS).chain(actionsOf);
