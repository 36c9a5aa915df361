import type { SourceMapping } from '@friend-sync/connectors';
import type { Key } from '../../domain/change.ts';
import { FEW_KEYS } from '../read/gone-guard.ts';
import type { CompareOptions, Comparison } from './compare.ts';
import { unitedHeld, type Verification } from './verify.ts';

export interface RepairParts {
  readonly sources: readonly SourceMapping[];
  /** Asks a daemon to read the rows of these keys; see `requestReads` in `operate/requests.ts`. */
  readonly requestReads: (
    source: SourceMapping,
    keys: readonly Key[],
    options?: { readonly takesGone: boolean },
  ) => Promise<unknown>;
  /** Compares once more, when what was asked for has been done. */
  readonly verify: (options: CompareOptions) => Promise<Verification>;
  /** What has been asked for. */
  readonly onAsked: (request: RepairRequest) => void;
}

export interface RepairRequest {
  /** By source the keys whose rows are read. */
  readonly asked: ReadonlyMap<string, readonly Key[]>;
  /** Those of them that have none, and whose copies get what the delete policy says. */
  readonly goneKeys: number;
}

/**
 * By source how many keys have no row, where they are more than may be gone without asking, or than `confirmed`: they are
 * more likely those of a table that was emptied, or of another database than was meant.
 */
export function tooManyGone({ orphaned }: Pick<Comparison, 'orphaned'>, confirmed = 0): Map<string, number> {
  const counts = [...orphaned].map(([source, keys]) => [source, keys.size] as const);
  return new Map(counts.filter(([, count]) => count > Math.max(FEW_KEYS, confirmed)));
}

/**
 * Makes the copies equal that differ, and compares them once more: of them alone the result tells what it finds then. The source
 * row is the truth, whatever the mirror holds, so the rows are read again. Keys without one count as deleted, but for those of
 * {@link tooManyGone}.
 */
export async function repairCopies(
  parts: RepairParts,
  found: Verification,
  { confirmed = 0, ...options }: Pick<CompareOptions, 'against' | 'listsAll'> & { readonly confirmed?: number },
): Promise<Verification> {
  const request = await requestRepair(parts, found, confirmed);
  if (request.asked.size === 0) return found;
  parts.onAsked(request);
  const among = new Map([...request.asked].map(([source, keys]) => [source, new Set(keys)]));
  const { mismatches, differing, differences, changing, parked, parkedCounts, held, orphaned } = await parts.verify({
    ...options,
    among,
  });
  const refused = [...found.orphaned].filter(([source]) => tooManyGone(found, confirmed).has(source));
  const left = { mismatches, differing, differences, changing, parked, parkedCounts };
  return { ...found, ...left, held: unitedHeld(found.held, held), orphaned: new Map([...orphaned, ...refused]) };
}

async function requestRepair(
  { sources, requestReads }: RepairParts,
  found: Pick<Comparison, 'differing' | 'orphaned'>,
  confirmed: number,
): Promise<RepairRequest> {
  const asked = new Map<string, readonly Key[]>();
  let goneKeys = 0;
  const refused = tooManyGone(found, confirmed);
  for (const source of sources) {
    const keys = [...(found.differing.get(source.name)?.keys() ?? [])];
    const gone = refused.has(source.name) ? [] : [...(found.orphaned.get(source.name) ?? [])];
    if (keys.length > 0) await requestReads(source, keys);
    if (gone.length > 0) await requestReads(source, gone, { takesGone: true });
    if (keys.length + gone.length > 0) asked.set(source.name, [...keys, ...gone]);
    goneKeys += gone.length;
  }
  return { asked, goneKeys };
}
