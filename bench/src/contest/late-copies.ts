import { storedGtids } from '@friend-sync/connectors';
import type { Installation } from '@friend-sync/demo';
import { becomes } from '../becomes.ts';

const DEADLINE_MS = 120_000;
/** A row: what has no COMMIT counts as read only when something follows it. */
const MARK = `CREATE DATABASE IF NOT EXISTS bench_mark;
  CREATE TABLE IF NOT EXISTS bench_mark.marks (n INT AUTO_INCREMENT PRIMARY KEY);
  INSERT INTO bench_mark.marks VALUES ()`;

/**
 * The connector of late copies reads all that is written to the friend server, beside every contender on one worker of Kafka
 * Connect, and is friend-sync's alone. Stopped, not paused: a paused one sends nothing, and reads on.
 */
export async function stopLateCopies({ configuration, operations: { connect } }: Installation): Promise<void> {
  const { connectorName } = configuration.settings.lateCopies;
  await connect.stop(connectorName);
  await connect.waitUntilStopped(connectorName, DEADLINE_MS);
}

/** Has it go on, and returns when it has read all that the friend server has committed by now. */
export async function resumeLateCopies({ configuration, operations, friend }: Installation): Promise<void> {
  const { connect } = operations;
  const { connectorName } = configuration.settings.lateCopies;
  await connect.resume(connectorName);
  await connect.waitUntilRunning(connectorName, DEADLINE_MS);
  await friend.write('a mark', MARK);
  const [executed] = await friend.rows('reading gtid_executed', 'SELECT @@global.gtid_executed AS gtids');
  const hasRead = async () => {
    const sets = [executed?.gtids, storedGtids(await connect.offsets(connectorName)) ?? ''];
    const [row] = await friend.rows('comparing GTID sets', 'SELECT GTID_SUBSET(?, ?) AS isRead', sets);
    return Number(row?.isRead) === 1;
  };
  await becomes('late copies are read', hasRead, (isRead) => isRead);
}
