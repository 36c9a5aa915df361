import type { SourceMapping } from '@friend-sync/connectors';
import type { Key } from '../../domain/change.ts';
import { FEW_KEYS } from '../read/gone-guard.ts';
import type { Comparison } from './compare.ts';

export interface RepairParts {
  readonly sources: readonly SourceMapping[];
  /** Asks a daemon to read the rows of these keys; see `requestReads` in `operate/requests.ts`. */
  readonly requestReads: (
    source: SourceMapping,
    keys: readonly Key[],
    options?: { readonly takesGone: boolean },
  ) => Promise<unknown>;
}

export interface RepairRequest {
  /** Keys whose rows are read. */
  readonly readKeys: number;
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
 * Asks for what makes the copies equal that differ. The source row is the truth, whatever the mirror holds, so the rows are
 * read again. Keys without one count as deleted, but for those of {@link tooManyGone}.
 */
export async function requestRepair(
  { sources, requestReads }: RepairParts,
  found: Pick<Comparison, 'differing' | 'orphaned'>,
  confirmed = 0,
): Promise<RepairRequest> {
  const asked = { readKeys: 0, goneKeys: 0 };
  const refused = tooManyGone(found, confirmed);
  for (const source of sources) {
    const keys = [...(found.differing.get(source.name)?.keys() ?? [])];
    const gone = refused.has(source.name) ? [] : [...(found.orphaned.get(source.name) ?? [])];
    if (keys.length > 0) await requestReads(source, keys);
    if (gone.length > 0) await requestReads(source, gone, { takesGone: true });
    asked.readKeys += keys.length + gone.length;
    asked.goneKeys += gone.length;
  }
  return asked;
}
