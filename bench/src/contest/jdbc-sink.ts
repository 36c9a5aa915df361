import { problemOf } from '@friend-sync/connectors';
import type { Installation } from '@friend-sync/demo';
import { becomes } from '../becomes.ts';
import { setOffsets, type TopicEnds, withAdmin } from '../kafka.ts';
import type { Contender } from './job.ts';

const NAME = 'bench-jdbc-sink';
/** Connect's, for a sink of that name. */
const GROUP = `connect-${NAME}`;
const READY_MS = 60_000;
const QUIET_MS = 3_000;
const USER = 'bench_jdbc_sink';
const PASSWORD = 'bench-jdbc-sink';

/** Debezium's JDBC sink, set as its documentation advises for speed: batches, the reduction buffer, and two tasks. */
export function jdbcSink(): Contender {
  let pid: number | undefined;
  return {
    id: 'jdbc-sink',
    pid: () => pid,
    async run({ world, topic, from, to, changes, final }, quietMs) {
      const { stack, operations } = world;
      const { connect } = operations;
      await createUser(world);
      await connect.createStopped(NAME, configOf(world, topic));
      await connect.waitUntilStopped(NAME, READY_MS);
      await setOffsets(stack.kafkaBrokers, GROUP, topic, from);
      pid = stack.pid('connect');
      await connect.resume(NAME);
      await connect.waitUntilRunning(NAME, READY_MS);
      const hasRead = async () => {
        if (quietMs() < QUIET_MS) return false;
        const problem = problemOf(NAME, await connect.status(NAME));
        if (problem) throw new Error(problem);
        const committed = await committedOf(stack.kafkaBrokers, topic);
        // Behind the last change lies the mark that ends its transaction, which a consumer may not count.
        return [...to].every(([partition, end]) => (committed.get(partition) ?? 0n) >= end - 1n);
      };
      await becomes('the JDBC sink has drained the topic', hasRead, (drained) => drained);
      await connect.delete(NAME);
      pid = undefined;
      return { changes, final };
    },
  };
}

function configOf({ stack }: Installation, topic: string): Record<string, string> {
  return {
    'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
    'tasks.max': '2',
    topics: topic,
    'connection.url': `jdbc:mysql://127.0.0.1:${stack.friendMysql.port}/friend_db?rewriteBatchedStatements=true&allowPublicKeyRetrieval=true&useSSL=false`,
    'connection.username': USER,
    'connection.password': PASSWORD,
    'insert.mode': 'update',
    'primary.key.mode': 'record_value',
    'primary.key.fields': 'friend_id',
    'collection.name.format': 'im_friend',
    'schema.evolution': 'none',
    'batch.size': '2000',
    'use.reduction.buffer': 'true',
    'consumer.override.max.poll.records': '2000',
    'consumer.override.isolation.level': 'read_committed',
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'key.converter.schemas.enable': 'false',
    'value.converter': 'io.apicurio.registry.utils.converter.AvroConverter',
    'value.converter.apicurio.registry.url': `${stack.registryUrl}/apis/registry/v2`,
    'value.converter.apicurio.registry.as-confluent': 'true',
    'value.converter.apicurio.registry.headers.enabled': 'false',
    'value.converter.apicurio.registry.use-id': 'contentId',
    transforms: 'row,names',
    'transforms.row.type': 'org.apache.kafka.connect.transforms.ExtractField$Value',
    'transforms.row.field': 'after',
    'transforms.names.type': 'org.apache.kafka.connect.transforms.ReplaceField$Value',
    'transforms.names.renames': 'id:friend_id,nick_name:friend_nick_name,head_img:friend_head_img',
  };
}

async function createUser({ friend }: Installation): Promise<void> {
  await friend.write('creating a user', `CREATE USER IF NOT EXISTS '${USER}'@'%' IDENTIFIED BY '${PASSWORD}'`);
  await friend.write('granting', `GRANT SELECT, UPDATE ON friend_db.* TO '${USER}'@'%'`);
}

async function committedOf(brokers: string, topic: string): Promise<TopicEnds> {
  const [found] = await withAdmin(brokers, (admin) => admin.fetchOffsets({ groupId: GROUP, topics: [topic] }));
  return new Map(found?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
}
