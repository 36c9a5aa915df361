import type { TableName } from '@friend-sync/connectors';
import { createLogger } from '@friend-sync/sync-service';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { differences } from '../../sync-service/src/domain/picture.ts';
import { openKafkaAdmin } from '../../sync-service/src/infrastructure/kafka/admin.ts';
import { createKafka } from '../../sync-service/src/infrastructure/kafka/client.ts';
import { messagesIn } from '../../sync-service/src/infrastructure/kafka/new-messages.ts';
import { PictureReader } from '../../sync-service/src/infrastructure/kafka/picture-reader.ts';
import { readTableShape } from '../../sync-service/src/infrastructure/mysql/server/table-shape.ts';
import { openPipeline, type Pipeline } from '../support/pipeline.ts';
import { PUBLIC_ALTERS, PUBLIC_TABLES } from '../support/public-tables.ts';
import { PATIENCE_MS } from '../support/scale.ts';

const SOON = { timeout: PATIENCE_MS, interval: 200 };

let pipeline: Pipeline;
/** A connector whose schema history has every table of the user schema. */
let connector: string;
let history: string;

beforeAll(async () => {
  pipeline = await openPipeline();
  for (const ddl of Object.values(PUBLIC_TABLES)) await create('before', ddl);
  connector = `p${pipeline.userDb}`;
  history = `${connector}.history`;
  const { kafka } = pipeline.configuration.settings;
  await using admin = openKafkaAdmin(createKafka(kafka, createLogger('fatal')));
  const topic = (name: string) => ({ topic: name, partitions: 1, replicationFactor: 1, config: {} });
  await admin.ensureTopics([topic(history), topic(`__debezium-heartbeat.${connector}`)]);
  await pipeline.operations.connect.apply(connector, {
    'connector.class': 'io.debezium.connector.mysql.MySqlConnector',
    'database.hostname': '127.0.0.1',
    'database.port': String(pipeline.stack.userMysql.port),
    'database.user': 'root',
    'database.password': '',
    'database.server.id': '98765',
    'topic.prefix': connector,
    'snapshot.mode': 'no_data',
    'snapshot.locking.mode': 'none',
    'include.schema.changes': 'false',
    'database.include.list': pipeline.userDb,
    'table.include.list': 'none\\.none',
    'schema.history.internal.store.only.captured.tables.ddl': 'false',
    'schema.history.internal.kafka.topic': history,
    'schema.history.internal.kafka.bootstrap.servers': pipeline.stack.kafkaBrokers,
    'heartbeat.interval.ms': '1000',
    'exactly.once.support': 'required',
  });
  await pipeline.operations.connect.waitUntilPositioned(connector, 60_000);
});
afterAll(async () => {
  await pipeline?.operations.connect.delete(connector);
  await pipeline?.[Symbol.asyncDispose]();
});

/** Each of its own name: two projects may call their table the same. */
const CREATE = /^create table (if not exists )?(`[^`]+(``[^`]*)*`|\S+)/i;
const nameOf = (when: string, ddl: string) =>
  `${when}_${(ddl.match(CREATE)?.[2] ?? '').replaceAll('``', '`').replace(/^`|`$/g, '')}`;
const quoted = (name: string) => `${pipeline.userDb}.\`${name.replaceAll('`', '``')}\``;

async function create(when: string, ddl: string): Promise<void> {
  await pipeline.user.write(
    'a table',
    ddl.replace(CREATE, (_, condition = '') => `CREATE TABLE ${condition}${quoted(nameOf(when, ddl))}`),
  );
}

/** By the project's name, what the connector would misread of any column. */
async function misread(when: string): Promise<Record<string, string[]>> {
  const kafka = createKafka(pipeline.configuration.settings.kafka, createLogger('fatal'));
  await using admin = openKafkaAdmin(kafka);
  const messages = messagesIn(kafka, admin);
  const found = Object.entries(PUBLIC_TABLES).map(async ([project, ddl]) => {
    const table: TableName = { database: pipeline.userDb, table: nameOf(when, ddl) };
    const shape = await readTableShape(pipeline.user, table);
    if (!shape) throw new Error(`${table.table} is not there`);
    const picture = await new PictureReader(messages, table).read(history);
    return [
      project,
      differences(
        shape,
        picture,
        shape.columns.map(({ name }) => name),
      ),
    ] as const;
  });
  return Object.fromEntries((await Promise.all(found)).filter(([, lines]) => lines.length > 0));
}

test('tables that were there before the connector are pictured as the server has them', async () => {
  expect(await misread('before')).toEqual({});
});

test('tables that are created while the connector runs are pictured as the server has them', async () => {
  for (const ddl of Object.values(PUBLIC_TABLES)) await create('after', ddl);
  await expect.poll(() => misread('after'), SOON).toEqual({});
});

test('tables whose columns come, go, move and change are pictured as the server has them', async () => {
  for (const ddl of Object.values(PUBLIC_TABLES))
    for (const alter of PUBLIC_ALTERS)
      await pipeline.user.write(
        'a change',
        alter.replace(/\bT\b/, () => quoted(nameOf('after', ddl))),
      );
  // Text that joins a table of bytes is bytes, which Debezium does not know: a difference indeed.
  await expect
    .poll(() => misread('after'), SOON)
    .toEqual({ MediaWiki: ['column a2 is bytes, the connector reads text in utf8mb4'] });
});
