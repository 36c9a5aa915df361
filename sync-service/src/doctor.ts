import { type Configuration, ConnectClient } from '@friend-sync/connectors';
import { examine } from './application/operate/doctor/examine.ts';
import type { Finding } from './application/operate/doctor/findings.ts';
import { openKafkaAdmin } from './infrastructure/kafka/admin.ts';
import { createKafka } from './infrastructure/kafka/client.ts';
import type { Database } from './infrastructure/mysql/server/database.ts';
import { openReadReplica, openReplicas, openSourceDatabase, openTarget } from './infrastructure/mysql/store.ts';
import type { Logger } from './log.ts';

/** See {@link examine}; on connections of its own. */
export async function runDoctor(configuration: Configuration, log: Logger): Promise<Finding[]> {
  const { settings } = configuration;
  const leaving = new AbortController();
  const { reads } = settings.source;
  const watched = openReplicas(configuration, leaving.signal);
  const replicas = new Map<string, Database>([
    ...(reads
      ? [[`replica of the user database ${reads}`, openReadReplica(configuration, reads, leaving.signal)] as const]
      : []),
    ...watched.map(
      (database, i) => [`replica of the friend database ${settings.brake.replicas[i]}`, database] as const,
    ),
  ]);
  const source = openSourceDatabase(configuration, leaving.signal);
  const target = openTarget(configuration, leaving.signal);
  const admin = openKafkaAdmin(createKafka(settings.kafka, log), leaving.signal);
  const connect = new ConnectClient(settings.connect.url);
  try {
    return await examine({ configuration, source, target, replicas, admin, connect });
  } finally {
    // Nobody waits for one that does not answer.
    leaving.abort();
    await Promise.all([source, target, admin, ...replicas.values()].map((one) => one[Symbol.asyncDispose]()));
  }
}
