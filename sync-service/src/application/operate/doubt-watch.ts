import type { SourceMapping } from '@friend-sync/connectors';
import type { Key } from '../../domain/change.ts';
import type { Doubt } from '../../domain/doubt.ts';
import { orderOf } from '../../domain/position.ts';
import { SyncError, toSyncError } from '../../errors.ts';
import type { Database } from '../../infrastructure/mysql/database.ts';
import { readExistingKeys } from '../../infrastructure/mysql/source-keys.ts';
import type { SourceStore, Store } from '../../infrastructure/mysql/store.ts';
import type { Logger } from '../../log.ts';
import type { Health } from '../watch/health.ts';
import { repeat } from '../watch/repeat.ts';
import { type BackfillParts, runBackfill } from './backfill.ts';

const LOOK_EVERY_MS = 1_000;
const MOST_KEYS = 500;
/** The connector has this long to read the rows again. Nobody else asks meanwhile. */
const DEADLINE_SECONDS = 120;
/** What was read again has this long to be ingested, before it is asked for once more. */
const GRACE_SECONDS = 5;

export interface DoubtWatchParts {
  readonly store: Store;
  readonly source: Database;
  readonly backfill: BackfillParts;
  readonly mappings: readonly SourceMapping[];
  readonly health: Health;
  readonly log: Logger;
}

/** Has source rows read again that were read in contradiction to the mirror, until it is disposed. */
export function watchDoubts(parts: DoubtWatchParts): AsyncDisposable {
  const { health, log } = parts;
  return repeat(LOOK_EVERY_MS, async () => {
    for (const mapping of parts.mappings) {
      const store = parts.store.sources.get(mapping.name);
      const part = `reads of ${mapping.name} in doubt`;
      if (!store) continue;
      try {
        await settleDoubts(parts, mapping, store);
        health.clear(part);
      } catch (error) {
        const problem = toSyncError(error);
        health.report(part, problem);
        log.warn({ source: mapping.name, kind: problem.kind, problem: problem.message }, 'rows were not read again');
      }
    }
  });
}

/**
 * Ends the doubts that are over: a change came, a second read was believed, or the row is gone (which its delete tells).
 * Asks the connector to read the rows of the others again, and returns when it has sent them.
 */
async function settleDoubts(parts: DoubtWatchParts, mapping: SourceMapping, { mirror, doubts }: SourceStore) {
  const { database } = parts.store;
  const listed = await doubts.list(database, MOST_KEYS);
  if (listed.size === 0) return;
  const keys = [...listed.keys()];
  const [rows, existing] = await Promise.all([
    mirror.read(database, keys),
    readExistingKeys(parts.source, mapping, keys).catch((error) => {
      throw new SyncError('user_database_unavailable', toSyncError(error).message);
    }),
  ]);
  const isOpen = ([key, { against }]: readonly [Key, Doubt]) => {
    const row = rows.get(key);
    return row !== undefined && orderOf(row.position, against) === 'same' && existing.has(String(key));
  };
  await doubts.end(database, new Map([...listed].filter((doubt) => !isOpen(doubt))));
  const open = [...listed].filter(isOpen).map(([key]) => key);
  const claimed = await database.transaction('claim', (tx) => doubts.claim(tx, open, DEADLINE_SECONDS));
  if (claimed.length === 0) return;
  parts.log.info({ source: mapping.name, keys: claimed.length }, 'reads contradict the changes before; reading again');
  try {
    await runBackfill(parts.backfill, mapping, claimed, DEADLINE_SECONDS * 1000);
  } finally {
    await doubts.postpone(database, claimed, GRACE_SECONDS);
  }
}
