import { createLogger, Health, openSourceDatabase, openTarget } from '@friend-sync/sync-service';
import { sourceStreams } from '../../sync-service/src/application/proof/streams.ts';
import type { SourceReads } from '../../sync-service/src/application/read/source-reads.ts';
import { lookAtTables } from '../../sync-service/src/application/supervise/look-at-tables.ts';
import type { TableWatch } from '../../sync-service/src/application/supervise/table-watch.ts';
import { openKafkaAdmin } from '../../sync-service/src/infrastructure/kafka/admin.ts';
import { createKafka } from '../../sync-service/src/infrastructure/kafka/client.ts';
import { messagesIn } from '../../sync-service/src/infrastructure/kafka/new-messages.ts';
import type { Pipeline } from './pipeline.ts';

export interface WatchedTables extends AsyncDisposable {
  readonly watch: TableWatch;
  readonly health: Health;
  /** What was told of a source, in order: a change's columns, a wrong picture's differences, or `right` after a wrong one. */
  told(source: string): (readonly string[] | 'right')[];
}

/** Looks at a pipeline's source tables and its connectors' pictures of them with the printed grants, without a daemon. */
export async function watchSourceTables({ configuration, operations: { connect } }: Pipeline): Promise<WatchedTables> {
  const { settings, mapping } = configuration;
  const log = createLogger('fatal');
  const [source, target] = [openSourceDatabase(configuration), openTarget(configuration)];
  const kafka = createKafka(settings.kafka, log);
  const admin = openKafkaAdmin(kafka);
  const told = new Map<string, (readonly string[] | 'right')[]>();
  const tell = (name: string, what: readonly string[] | 'right') => told.set(name, [...(told.get(name) ?? []), what]);
  const wrong = new Set<string>();
  const listening = (name: string) =>
    ({
      async tableChanged(columns) {
        tell(name, columns);
      },
      async lookAtPicture() {},
      async pictureSeen(verdict) {
        const isWrong = verdict.is === 'wrong';
        if (isWrong !== wrong.has(name)) tell(name, isWrong ? verdict.differences : 'right');
        if (isWrong) wrong.add(name);
        else wrong.delete(name);
      },
    }) satisfies Pick<SourceReads, 'tableChanged' | 'lookAtPicture' | 'pictureSeen'>;
  const reads = new Map(mapping.sources.map(({ name }) => [name, listening(name)]));
  const streams = sourceStreams(configuration, source, connect);
  const health = new Health();
  const watch = await lookAtTables({
    configuration,
    source,
    target,
    connect,
    messages: messagesIn(kafka, admin),
    streams,
    reads,
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
