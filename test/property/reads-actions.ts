import fc from 'fast-check';
import type { Cut } from './disturbed.ts';
import { KEYS, partitionOf, type Row } from './source-log.ts';
import type { Fate } from './told-source.ts';

/** One thing that may happen to the source, its stream, a daemon, or the friend database. */
export type ReadsAction =
  | { readonly do: 'change'; readonly key: number; readonly columns: readonly (keyof Row)[]; readonly fate: Fate }
  | { readonly do: 'delete'; readonly key: number; readonly fate: Fate }
  /** The connector sends, and stores all but the last of it. */
  | { readonly do: 'send'; readonly count: number; readonly behind: number }
  | ({ readonly do: 'deliver' } & ReadsDelivery)
  /** A former owner of the partition stores what it read before. */
  | { readonly do: 'deliver late'; readonly partition: number; readonly back: number }
  | { readonly do: 'rewind'; readonly partition: number; readonly to: number }
  | { readonly do: 'skip'; readonly partition: number; readonly by: number }
  /** The connector begins at the present; the topic goes on. */
  | { readonly do: 'epoch' }
  | { readonly do: 'back up' }
  | { readonly do: 'restore' }
  | { readonly do: 'ask'; readonly key: number; readonly takesGone: boolean }
  /** A reader goes on by some steps of its look, or begins one, which keeps its last observation or makes a new one. */
  | ({ readonly do: 'look' } & LookAction)
  /** A reader stalls in the midst of its look, and another takes its place. */
  | { readonly do: 'set aside'; readonly reader: number }
  /** One that was set aside goes on to its end. */
  | { readonly do: 'wake'; readonly stalled: number }
  /** Both readers do a step, and both partitions are delivered, at the same time. */
  | { readonly do: 'together'; readonly count: number }
  | { readonly do: 'fan out' };

export interface LookAction {
  readonly reader: number;
  readonly steps: number;
  readonly isRound: boolean;
  readonly keepsObservation: boolean;
  readonly fate: Cut | 'runs' | 'stalls';
  /** Somebody has the mirror row of this key locked meanwhile. */
  readonly locked: number | undefined;
}

export interface ReadsDelivery {
  readonly partition: number;
  readonly count: number;
  readonly isFanOutIdle: boolean;
  /** The daemon can decode what others could not. */
  readonly isMended: boolean;
  /** The application has a copy of this key locked meanwhile. */
  readonly locked: number | undefined;
  readonly cut: Cut | undefined;
}

const CUTS: readonly Cut[] = ['before the commit', 'after the commit'];
const FATES: readonly Fate[] = [
  'right',
  'right',
  'right',
  'wrong',
  'lost',
  'unknown',
  'unknown',
  'ambiguous',
  'undecodable',
];

/** What may happen to these keys. */
function actionsOf(keys: readonly number[]): fc.Arbitrary<ReadsAction[]> {
  const key = fc.constantFrom(...keys);
  const maybeKey = fc.option(key, { nil: undefined, freq: 2 });
  const partition = key.map(partitionOf);
  const few = fc.integer({ min: 1, max: 4 });
  const reader = fc.nat(1);
  const columns = fc.subarray<keyof Row>(['nick', 'avatar'], { minLength: 1 });
  const action = fc.oneof(
    weighted(9, 'change', { key, columns, fate: fc.constantFrom(...FATES) }),
    weighted(2, 'delete', { key, fate: fc.constantFrom<Fate>('right', 'lost', 'undecodable') }),
    weighted(7, 'send', { count: few, behind: fc.constantFrom(0, 0, 0, 1, 2) }),
    weighted(8, 'deliver', {
      partition,
      count: few,
      isFanOutIdle: fc.boolean(),
      isMended: fc.boolean(),
      locked: maybeKey,
      cut: fc.constantFrom(undefined, undefined, undefined, ...CUTS),
    }),
    weighted(1, 'deliver late', { partition, back: few }),
    weighted(2, 'rewind', { partition, to: fc.nat(10) }),
    weighted(1, 'skip', { partition, by: few }),
    weighted(1, 'epoch', {}),
    weighted(1, 'back up', {}),
    weighted(1, 'restore', {}),
    weighted(2, 'ask', { key, takesGone: fc.boolean() }),
    weighted(18, 'look', {
      reader,
      steps: fc.integer({ min: 1, max: 4 }),
      isRound: fc.boolean(),
      keepsObservation: fc.nat(3).map((n) => n === 0),
      fate: fc.constantFrom<LookAction['fate']>('runs', 'runs', 'runs', 'stalls', ...CUTS),
      locked: maybeKey,
    }),
    weighted(4, 'set aside', { reader }),
    weighted(4, 'wake', { stalled: fc.nat(1) }),
    weighted(3, 'together', { count: few }),
    weighted(1, 'fan out', {}),
  );
  return fc.array(action, { maxLength: 100, size: 'max' });
}

type ActionOf<D extends ReadsAction['do']> = Extract<ReadsAction, { do: D }>;
type Fields<D extends ReadsAction['do']> = { [F in Exclude<keyof ActionOf<D>, 'do'>]: fc.Arbitrary<ActionOf<D>[F]> };

function weighted<D extends ReadsAction['do']>(
  weight: number,
  kind: D,
  fields: Fields<D>,
): fc.WeightedArbitrary<ReadsAction> {
  const values = fc.record<Record<string, unknown>>(fields);
  return { weight, arbitrary: values.map((some) => ({ ...some, do: kind }) as unknown as ReadsAction) };
}

/** Of all keys, or of few, so that more happens to each. */
export const readsActions = fc.constantFrom([2], [2, 3], KEYS).chain(actionsOf);
