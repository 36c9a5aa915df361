import { type SourceMapping, storedPlace } from '@friend-sync/connectors';
import { createLogger, Health, openSourceDatabase, openTarget } from '@friend-sync/sync-service';
import { type TableWatch, watchTables } from '../../sync-service/src/application/watch/table-watch.ts';
import { openKafkaAdmin } from '../../sync-service/src/infrastructure/kafka/admin.ts';
import { createKafka } from '../../sync-service/src/infrastructure/kafka/client.ts';
import { PictureReader, type PictureReaderParts } from '../../sync-service/src/infrastructure/kafka/picture-reader.ts';
import { readTopic } from '../../sync-service/src/infrastructure/kafka/read-topic.ts';
import { holdsOnlyStatements } from '../../sync-service/src/infrastructure/mysql/binlog-rest.ts';
import { containsGtids } from '../../sync-service/src/infrastructure/mysql/server-state.ts';
import type { Pipeline } from './pipeline.ts';

export interface WatchedTables extends AsyncDisposable {
  readonly watch: TableWatch;
  readonly health: Health;
  /** What was told of a source, in order: a change's columns, a wrong picture's differences, or `right`. */
  told(source: string): (readonly string[] | 'right')[];
}

/** Looks at a pipeline's source tables and its connector's pictures of them with the printed grants, without a daemon. */
export async function watchSourceTables({ configuration, operations: { connect } }: Pipeline): Promise<WatchedTables> {
  const { settings, mapping } = configuration;
  const log = createLogger('fatal');
  const [source, target] = [openSourceDatabase(configuration), openTarget(configuration)];
  const kafka = createKafka(settings.kafka, log);
  const admin = openKafkaAdmin(kafka);
  const read: PictureReaderParts['read'] = (topic, onMessage, from) => readTopic(kafka, topic, onMessage, from);
  const readers = new Map(mapping.sources.map(({ name, table }) => [name, new PictureReader({ admin, read }, table)]));
  const connectorOf = (_: SourceMapping) => settings.connect.connectorName;
  const told = new Map<string, (readonly string[] | 'right')[]>();
  const tell = (name: string, what: readonly string[] | 'right') => told.set(name, [...(told.get(name) ?? []), what]);
  const health = new Health();
  const watch = await watchTables({
    source,
    target,
    stateDatabase: settings.target.stateDatabase,
    mappings: mapping.sources,
    async picture(source) {
      const config = await connect.config(connectorOf(source));
      return readers.get(source.name)?.read(config?.['schema.history.internal.kafka.topic'] ?? '');
    },
    async hasSent(mapped, gtids) {
      const sent = storedPlace(await connect.offsets(connectorOf(mapped)));
      return (
        sent !== undefined &&
        ((await containsGtids(source, sent.gtids, gtids)) || (await holdsOnlyStatements(source, sent)))
      );
    },
    events: { onChange: tell, onWrongPicture: tell, onRightPicture: (name) => tell(name, 'right') },
    health,
    log,
  });
  return {
    watch,
    health,
    told: (name) => told.get(name) ?? [],
    async [Symbol.asyncDispose]() {
      await watch[Symbol.asyncDispose]();
      await Promise.all([source, target, admin].map((opened) => opened[Symbol.asyncDispose]()));
    },
  };
}
