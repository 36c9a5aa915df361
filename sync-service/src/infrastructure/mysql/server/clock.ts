import type { Session } from './database.ts';

/**
 * What the server's clock says, to the microsecond, as MySQL writes it, or when the newest of a source's marks in `table`
 * was made if that is later: a clock that is set back must not hide marks from those who wait for them.
 */
export async function readMoment(session: Session, table: string, source: string): Promise<string> {
  const [row] = await session.rows(
    'reading the clock',
    `SELECT GREATEST(NOW(6), COALESCE(MAX(since), NOW(6))) AS moment FROM ${table} WHERE source = ?`,
    [source],
  );
  return String(row?.moment);
}
