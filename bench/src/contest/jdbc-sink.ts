import { setTimeout as delay } from 'node:timers/promises';
import type { Installation } from '@friend-sync/demo';
import { becomes } from '../becomes.ts';
import type { Contender } from './job.ts';
import { type TopicEnds, withAdmin } from './topic.ts';

const NAME = 'bench-jdbc-sink';
const QUIET_MS = 3_000;
const USER = 'bench_jdbc_sink';
const PASSWORD = 'bench-jdbc-sink';

/** Debezium's JDBC sink, set as its documentation advises for speed: batches, the reduction buffer, and two tasks. */
export function jdbcSink(): Contender {
  let pid: number | undefined;
  return {
    id: 'jdbc-sink',
    pid: () => pid,
    async run({ installation, topic, from, to, changes, final }, quietMs) {
      const { stack } = installation;
      await createUser(installation);
      await create(installation, topic, from);
      pid = stack.pid('connect');
      await call(installation, 'PUT', `/${NAME}/resume`);
      const hasRead = async () => {
        if (quietMs() < QUIET_MS) return false;
        await assertRunning(installation);
        const committed = await committedOf(stack.kafkaBrokers, topic);
        // Behind the last change lies the mark that ends its transaction, which a consumer may not count.
        return [...to].every(([partition, end]) => (committed.get(partition) ?? 0n) >= end - 1n);
      };
      await becomes('the JDBC sink has drained the topic', hasRead, (drained) => drained);
      await call(installation, 'DELETE', `/${NAME}`);
      pid = undefined;
      return { changes, final };
    },
  };
}

async function create(installation: Installation, topic: string, from: TopicEnds): Promise<void> {
  const { stack } = installation;
  const { port } = stack.friendMysql;
  const config = {
    name: NAME,
    'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
    'tasks.max': '2',
    topics: topic,
    'connection.url': `jdbc:mysql://127.0.0.1:${port}/friend_db?rewriteBatchedStatements=true&allowPublicKeyRetrieval=true&useSSL=false`,
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
  await call(installation, 'POST', '', { name: NAME, config, initial_state: 'STOPPED' });
  const offsets = [...from].map(([partition, offset]) => ({
    partition: { kafka_topic: topic, kafka_partition: partition },
    offset: { kafka_offset: Number(offset) },
  }));
  await call(installation, 'PATCH', `/${NAME}/offsets`, { offsets });
}

async function createUser({ friend }: Installation): Promise<void> {
  await friend.write('creating a user', `CREATE USER IF NOT EXISTS '${USER}'@'%' IDENTIFIED BY '${PASSWORD}'`);
  await friend.write('granting', `GRANT SELECT, UPDATE ON friend_db.* TO '${USER}'@'%'`);
}

async function assertRunning(installation: Installation): Promise<void> {
  const { tasks } = (await call(installation, 'GET', `/${NAME}/status`)) as {
    tasks: { state: string; trace?: string }[];
  };
  const failed = tasks.find(({ state }) => state === 'FAILED');
  if (failed) throw new Error(`the JDBC sink has failed: ${failed.trace}`);
}

async function committedOf(brokers: string, topic: string): Promise<TopicEnds> {
  const [found] = await withAdmin(brokers, (admin) =>
    admin.fetchOffsets({ groupId: `connect-${NAME}`, topics: [topic] }),
  );
  return new Map(found?.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
}

/** Asks Connect; while its workers settle who does what it answers 409, and is asked again. */
async function call({ stack }: Installation, method: string, path: string, body?: unknown): Promise<unknown> {
  for (;;) {
    const response = await fetch(`${stack.connectUrl}/connectors${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    if (response.ok) return text && JSON.parse(text);
    // A connector that has just been created has yet to stop.
    const isEarly = response.status === 409 || /must be in the STOPPED state|is currently/.test(text);
    if (!isEarly) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    await delay(200);
  }
}
