import { registryAnswers } from '../../infrastructure/kafka/registry-probe.ts';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import type { Logger } from '../../log.ts';
import type { EpochParts } from '../operate/epoch.ts';
import { watchHealing } from '../operate/healing.ts';
import { countHeartbeats, type Stream } from '../proof/streams.ts';
import type { SourceReads } from '../read/source-reads.ts';
import { watchConnector } from './connector-watch.ts';
import type { Health } from './health.ts';
import type { HistoryWatch } from './history-watch.ts';

export interface WatchSourcesParts extends EpochParts {
  /** By the source's name, as the following. */
  readonly streams: ReadonlyMap<string, Stream>;
  readonly histories: ReadonlyMap<string, HistoryWatch>;
  readonly reads: ReadonlyMap<string, Pick<SourceReads, 'beginProbation'>>;
  readonly health: Health;
  readonly log: Logger;
  /** Given each watch, to dispose of it. */
  readonly use: (watch: AsyncDisposable) => void;
}

/** Watches the connector of every source, and has a source heal itself whose connector cannot go on. */
export function watchSources(parts: WatchSourcesParts): void {
  const { configuration, store, admin, connect, source: server, health, log, use } = parts;
  const { watch, registry } = configuration.settings;
  const canServe = async () => (await registryAnswers(registry)) && (await answers(server));
  for (const source of configuration.mapping.sources) {
    const { name } = source;
    const [stream, history, own] = [parts.streams.get(name), parts.histories.get(name), store.sources.get(name)];
    if (!stream || !history || !own) continue;
    const connector = watchConnector(connect, stream.connectorName, health, log, {
      part: `connector of ${name}`,
      heartbeats: () => countHeartbeats(admin, stream),
      beforeRestart: () => history.requireIntact(),
      onRecovered: async () => parts.reads.get(name)?.beginProbation(),
    });
    use(connector);
    const afterMs = watch.healAfterSeconds * 1000;
    const epoch = { configuration, store, admin, connect, source: server };
    use(watchHealing({ epoch, source, reads: own.reads, history, connector, canServe, afterMs, log }));
  }
}

async function answers(server: Database): Promise<boolean> {
  return server.rows('asking whether it answers', 'SELECT 1').then(
    () => true,
    () => false,
  );
}
