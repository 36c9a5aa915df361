import type { Fingerprints } from '../../domain/trouble.ts';
import { must } from '../../errors.ts';
import type { Stream } from '../proof/streams.ts';
import type { ReadParts } from './read-parts.ts';
import { SourceReads, type SourceReadsOptions } from './source-reads.ts';

export interface OpenReadsParts
  extends Omit<SourceReadsOptions, 'parts' | 'mapping'>,
    Pick<ReadParts, 'store' | 'database' | 'admin'> {
  /** By the source's name. */
  readonly streams: ReadonlyMap<string, Stream>;
  /** Of the mapping, by the source's name. */
  readonly fingerprints: Fingerprints;
  /** Throws while the rows of a source must not be compared. */
  readonly require: (source: string) => void;
  /** Tries again until the friend database lets it; throws only `aborted`. */
  readonly persevere: <T>(work: () => Promise<T>) => Promise<T>;
  /** Given the reads of each source as soon as they have begun, to dispose of them. */
  readonly use: (reads: AsyncDisposable) => void;
}

/** Begins the own reads of every source; by the source's name. */
export async function openReads(parts: OpenReadsParts): Promise<ReadonlyMap<string, SourceReads>> {
  const { streams, fingerprints, store, database, admin, require, persevere, use, ...options } = parts;
  const reads = new Map<string, SourceReads>();
  for (const [name, stream] of streams) {
    const source = store.sources.get(name);
    const [topic] = stream.topics;
    if (!source || topic === undefined) continue;
    const own = { store, source, database, stream, topic, admin, require: () => require(name) };
    const begun = await persevere(() =>
      SourceReads.open({ ...options, mapping: must(fingerprints[name], `the fingerprint of ${name}`), parts: own }),
    );
    use(begun);
    reads.set(name, begun);
  }
  return reads;
}
