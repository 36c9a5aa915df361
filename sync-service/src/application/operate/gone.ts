import type { SourceMapping } from '@friend-sync/connectors';
import type { Key } from '../../domain/change.ts';
import type { MirrorRow } from '../../domain/decide.ts';
import { orderOf, type Position } from '../../domain/position.ts';
import type { Database } from '../../infrastructure/mysql/database.ts';
import { readExistingKeys } from '../../infrastructure/mysql/source-keys.ts';
import type { SourceStore, Store } from '../../infrastructure/mysql/store.ts';

const PAGE_KEYS = 500;
/** Older than the position of any message: of the first epoch is 1. */
const BEFORE_ALL: Position = { epoch: 0, partition: 0, offset: -1n };

export interface GoneParts {
  readonly store: Store;
  /** The user database. */
  readonly source: Database;
}

/**
 * Takes as deleted those of the keys that the source does not have, although no message said so: the row was deleted
 * between two epochs, before the first load, or so long ago that the topic has forgotten it. Marks them, so that their
 * copies get what the delete policy says. Returns how many.
 *
 * A key that comes back meanwhile is safe: what the mirror knows of it is read before the source is asked, and written
 * only if nothing has come since; what comes later has a newer position.
 */
export async function takeAsDeleted(
  { store, source }: GoneParts,
  mapping: SourceMapping,
  keys: readonly Key[],
): Promise<number> {
  const own = store.sources.get(mapping.name);
  let count = 0;
  for (let from = 0; own && from < keys.length; from += PAGE_KEYS) {
    const page = keys.slice(from, from + PAGE_KEYS);
    const before = await own.mirror.read(store.database, page);
    const existing = await readExistingKeys(source, mapping, page);
    const gone = page.filter((key) => !existing.has(String(key)));
    count += await markDeleted(store.database, own, gone, before);
  }
  return count;
}

async function markDeleted(
  database: Database,
  { mirror, pending }: SourceStore,
  gone: readonly Key[],
  before: ReadonlyMap<Key, MirrorRow>,
): Promise<number> {
  return database.transaction('taking keys as deleted', async (tx) => {
    const now = await mirror.lock(tx, gone);
    const unmoved = gone.filter((key) => isSame(before.get(key), now.get(key)));
    const rows = unmoved.map((key) => now.get(key) ?? neverHeardOf(key));
    await mirror.add(
      tx,
      rows.filter(({ key }) => !now.has(key)),
    );
    await mirror.write(
      tx,
      rows.filter(({ key }) => now.has(key)).map((row) => ({ ...row, isDeleted: true })),
    );
    await pending.mark(tx, unmoved);
    return unmoved.length;
  });
}

function isSame(before: MirrorRow | undefined, now: MirrorRow | undefined): boolean {
  return before && now ? orderOf(now.position, before.position) === 'same' : before === now;
}

function neverHeardOf(key: Key): MirrorRow {
  return { key, values: [], position: BEFORE_ALL, isDeleted: true, committedAtMs: null };
}
