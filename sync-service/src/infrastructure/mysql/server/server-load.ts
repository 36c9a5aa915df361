import type { Database } from './database.ts';

/** Statements that the server is executing at this moment, our own counted. */
export async function readThreadsRunning(server: Database): Promise<number> {
  const [row] = await server.rows('reading the load', "SHOW GLOBAL STATUS LIKE 'Threads_running'");
  return Number(row?.Value);
}

/** How far a replica is behind; undefined where the server is no replica, or its replication does not run. */
export async function readReplicaLag(replica: Database): Promise<number | undefined> {
  const [row] = await replica.rows('reading the replica lag', 'SHOW REPLICA STATUS');
  const seconds = row?.Seconds_Behind_Source ?? null;
  return seconds === null ? undefined : Number(seconds);
}
