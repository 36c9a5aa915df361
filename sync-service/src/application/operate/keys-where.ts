import type { Key } from '../../domain/change.ts';
import type { SourceSchema } from '../../domain/source-schema.ts';
import { type ConditionedPage, openConditionedRows } from '../../infrastructure/mysql/server/conditioned-rows.ts';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import { isOutOfTime } from '../../infrastructure/mysql/server/fault.ts';
import { rest } from '../read/rest.ts';

const MOST_ROWS = 5_000;
/** A page that takes longer than a statement may is tried with so many times less. */
const SHRINKS = 4;

/**
 * The keys of a source's rows that meet an SQL condition, page by page, read at the source; no more than `perSecond` rows are
 * looked at a second. What is wrong with the condition is thrown before the first page.
 */
export async function* keysWhere(
  source: Database,
  schema: SourceSchema,
  condition: string,
  perSecond?: number,
): AsyncGenerator<readonly Key[]> {
  const page = await openConditionedRows(source, schema, condition);
  let rows = Math.min(MOST_ROWS, perSecond ?? MOST_ROWS);
  for (let after: readonly string[] | undefined = []; after; ) {
    const began = performance.now();
    const found: Awaited<ReturnType<ConditionedPage>> | undefined = await page(after, rows).catch((error) => {
      if (isOutOfTime(error) && rows > 1) return undefined;
      throw error;
    });
    if (!found) {
      rows = Math.ceil(rows / SHRINKS);
      continue;
    }
    if (found.keys.length > 0) yield found.keys;
    after = found.end;
    await rest(rows, perSecond, began);
  }
}
