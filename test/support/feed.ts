import {
  type Change,
  type IngestBatch,
  type Ingested,
  ingest,
  type Key,
  type Said,
  type SourceStore,
} from '@friend-sync/sync-service';
import type { FriendServer } from './friend-server.ts';

type RowValues = [Key, ...Said[]];

export interface Feed {
  readonly source: SourceStore;
  readonly topic: string;
  readonly nextOffset: bigint;
  /** Ingests committed rows: key first, then the values in the order of the source's sorted columns. */
  rows(...rows: RowValues[]): Promise<Ingested>;
  deletes(...keys: Key[]): Promise<Ingested>;
  /** Ingests a batch as it is, or with some of its parts replaced. */
  batch(changes: Change[], more?: Partial<IngestBatch>): Promise<Ingested>;
}

/** Plays the change topic of the server's first source: one partition, offsets that grow. With an idle fan-out, few copies are written through. */
export function createFeed(server: FriendServer, isFanOutIdle = false): Feed {
  const [source] = server.store.sources.values();
  if (!source) throw new Error('the mapping has no source');
  const { name } = source.schema.mapping;
  const topic = `test.${name}`;
  let nextOffset = 0n;
  const adopted = server.store.database.transaction('adopting', (tx) =>
    server.store.consumed.adopt(tx, topic, [{ partition: 0, low: 0n }]),
  );

  const change = (offset: bigint, key: Key, values: Said[] | undefined): Change => ({
    source: name,
    key,
    kind: values ? 'row' : 'delete',
    values: values ?? [],
    position: { epoch: 1, partition: 0, offset },
    gtid: null,
    committedAtMs: 1,
  });

  async function batch(changes: Change[], more: Partial<IngestBatch> = {}): Promise<Ingested> {
    await adopted;
    const last = changes.at(-1)?.position.offset ?? nextOffset - 1n;
    const whole = {
      topic,
      partition: 0,
      epoch: 1,
      expectedOffset: nextOffset,
      nextOffset: last + 1n,
      maxTimestampMs: 1,
      changes,
      ...more,
    };
    const outcome = await ingest(server.store, source as SourceStore, whole, isFanOutIdle);
    if (outcome.kind === 'stored') nextOffset = whole.nextOffset;
    return outcome;
  }

  const rowChanges = (rows: RowValues[]) =>
    rows.map(([key, ...values], i) => change(nextOffset + BigInt(i), key, values));

  return {
    source,
    topic,
    get nextOffset() {
      return nextOffset;
    },
    rows: (...rows) => batch(rowChanges(rows)),
    deletes: (...keys) => batch(keys.map((key, i) => change(nextOffset + BigInt(i), key, undefined))),
    batch,
  };
}
