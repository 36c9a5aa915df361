import { createHash } from 'node:crypto';
import type { Mapping } from '@friend-sync/connectors';
import type { Fingerprints } from '../../domain/trouble.ts';

/** By which one tells whether a daemon works by this mapping. */
export function fingerprintsOf({ sources }: Mapping): Fingerprints {
  const hash = (source: unknown) => createHash('sha256').update(JSON.stringify(source)).digest('hex').slice(0, 16);
  return Object.fromEntries(sources.map((source) => [source.name, hash(source)]));
}
