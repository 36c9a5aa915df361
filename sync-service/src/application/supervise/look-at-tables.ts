import { type Configuration, type ConnectClient, type SourceMapping, schemaHistoryOf } from '@friend-sync/connectors';
import { SyncError } from '../../errors.ts';
import type { NewMessagesParts } from '../../infrastructure/kafka/new-messages.ts';
import { PictureReader } from '../../infrastructure/kafka/picture-reader.ts';
import { findUnsent } from '../../infrastructure/mysql/server/binlog-rest.ts';
import { containsGtids } from '../../infrastructure/mysql/server/gtid-set.ts';
import type { Stream } from '../proof/streams.ts';
import type { SourceReads } from '../read/source-reads.ts';
import { type TableWatch, type TableWatchParts, watchTables } from './table-watch.ts';

export interface LookAtTablesParts extends Pick<TableWatchParts, 'source' | 'target' | 'health' | 'log'> {
  readonly configuration: Configuration;
  readonly connect: ConnectClient;
  readonly messages: NewMessagesParts;
  /** By the source's name. */
  readonly streams: ReadonlyMap<string, Stream>;
  readonly reads: ReadonlyMap<string, Pick<SourceReads, 'tableChanged' | 'lookAtPicture' | 'pictureSeen'>>;
}

/** Watches the sources' tables, and has their streams prove themselves where one has changed. Ends after the first look. */
export async function lookAtTables(parts: LookAtTablesParts): Promise<TableWatch> {
  const { configuration, connect, messages, streams, reads, log } = parts;
  const { sources: mappings } = configuration.mapping;
  const readers = new Map(mappings.map(({ name, table }) => [name, new PictureReader(messages, table)]));
  const streamOf = ({ name }: SourceMapping): Stream => {
    const stream = streams.get(name);
    if (!stream) throw new SyncError('internal', `no source ${name}`);
    return stream;
  };
  // A trust that cannot be stored is the friend database's trouble; the next look says the same again.
  const told = (work: Promise<void> | undefined) =>
    void work?.catch((err) => log.warn({ err }, 'trust was not stored'));

  return watchTables({
    source: parts.source,
    target: parts.target,
    stateDatabase: configuration.settings.target.stateDatabase,
    mappings,
    async picture(mapping) {
      await reads.get(mapping.name)?.lookAtPicture();
      const topic = await schemaHistoryOf(connect, streamOf(mapping).connectorName);
      return topic === undefined ? undefined : readers.get(mapping.name)?.read(topic);
    },
    async sent(mapping, gtids) {
      const { server, sent } = streamOf(mapping);
      const upTo = await sent();
      if (!upTo) return 'not all';
      if (await containsGtids(server, upTo.gtids, gtids)) return 'all';
      return (await findUnsent(server, upTo, gtids)) === undefined ? 'all rows' : 'not all';
    },
    events: {
      async onChange(name, columns) {
        await reads.get(name)?.tableChanged(columns);
        log.warn({ source: name, columns }, 'the table of the source has changed');
      },
      onPicture: (name, verdict) => told(reads.get(name)?.pictureSeen(verdict)),
    },
    health: parts.health,
    log,
  });
}
