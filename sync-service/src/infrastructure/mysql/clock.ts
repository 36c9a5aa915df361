import type { Session } from './database.ts';

/** What the server's clock says, to the microsecond, as MySQL writes it. */
export async function readClock(session: Session): Promise<string> {
  const [row] = await session.rows('reading the clock', 'SELECT NOW(6) AS moment');
  return String(row?.moment);
}
