import type { RoundReport } from '@friend-sync/sync-service';

/** How far a round over a source is (rows count once they are compared and written), and how long the rest of its rows takes, if as many as last time are to be read. */
export function describeRound(report: RoundReport): string {
  const { pausedSince, rowsPerSecond } = report;
  const paused = pausedSince === undefined ? '' : `, paused since ${pausedSince} UTC: friend-sync backfill resume`;
  const pace = rowsPerSecond === undefined ? '' : `, at most ${rowsPerSecond} rows a second`;
  return `${describeProgress(report)}${pace}${paused}`;
}

function describeProgress({ leg, rowCount, seconds, lastRowCount }: RoundReport): string {
  if (leg === undefined) return 'it has not begun yet';
  // Of a small source nothing is counted before all of it is.
  if (leg === 'source' && rowCount === 0) return `reading and writing the first rows (${seconds} s)`;
  const rate = seconds > 0 ? rowCount / seconds : 0;
  const left = leg === 'source' && rate > 0 && lastRowCount > rowCount ? (lastRowCount - rowCount) / rate : undefined;
  return `${rowCount} rows read in ${seconds} s${left === undefined ? '' : `, about ${Math.ceil(left)} s left to read`}`;
}
