import type { Configuration } from '@friend-sync/connectors';
import { examine } from './application/operate/doctor/examine.ts';
import type { Finding } from './application/operate/doctor/findings.ts';
import { Connections } from './connections.ts';
import type { Database } from './infrastructure/mysql/server/database.ts';
import type { Logger } from './log.ts';

/** See {@link examine}; on connections of its own. */
export async function runDoctor(configuration: Configuration, log: Logger): Promise<Finding[]> {
  const { source: user, brake } = configuration.settings;
  const leaving = new AbortController();
  await using connections = new Connections(configuration, log, leaving.signal);
  const watched = connections.replicas.map((database, i): [string, Database] => [
    `replica of the friend database ${brake.replicas[i]}`,
    database,
  ]);
  const reads: [string, Database][] = user.reads
    ? [[`replica of the user database ${user.reads}`, connections.reads]]
    : [];
  const { source, target, admin, connect } = connections;
  try {
    return await examine({ configuration, source, target, replicas: new Map([...reads, ...watched]), admin, connect });
  } finally {
    // Nobody waits for one that does not answer.
    leaving.abort();
  }
}
