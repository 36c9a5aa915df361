import type { Mapping } from '@friend-sync/connectors';

/** How far a comparison has come: behind a key, in the order of a copy's key column. */
export interface Place {
  readonly source: string;
  readonly copy: string;
  /** Empty: before its first key. */
  readonly after: readonly string[];
}

/** As somebody may type it, to have the comparison go on there. */
export function describePlace({ source, copy, after }: Place): string {
  return [source, copy, ...after].join(':');
}

/** The place that such a text names; undefined where the mapping has no such copy. */
export function parsePlace(text: string, { sources }: Mapping): Place | undefined {
  for (const { name, copies } of sources)
    for (const { id } of copies) {
      const copy = `${name}:${id}`;
      if (text === copy) return { source: name, copy: id, after: [] };
      if (text.startsWith(`${copy}:`)) return { source: name, copy: id, after: [text.slice(copy.length + 1)] };
    }
  return undefined;
}
