import { openStore, type SourceStore, type Store } from '@friend-sync/sync-service';
import { type FriendServer, openFriendServer } from '../support/friend-server.ts';
import { TABLES } from '../support/tables.ts';

/** The store as a daemon opens it, with the source it has. */
export interface Opened {
  readonly store: Store;
  readonly source: SourceStore;
}

/** A friend server with the store of a wide mapping (two columns, two targets) and of a narrow one on the same tables. */
export interface FriendTables {
  readonly server: FriendServer;
  readonly wide: Opened;
  readonly narrow: Opened;
  /** `friend_sync` of this server. */
  readonly state: string;
}

/** What triggers find: a copy that the service took back to an older value. */
const STEPS_BACK = 'CREATE TABLE step_back (copy VARCHAR(200))';

export async function openFriendTables(): Promise<FriendTables> {
  const server = await openFriendServer({
    ...TABLES,
    friendTables: [...TABLES.friendTables, STEPS_BACK],
    sources: `${TABLES.sources}\n    onDelete: { set: { nick: "" } }`,
  });
  const { friend, friendDb, configuration } = server;
  for (const [table, columns] of [
    ['friend', ['nick', 'avatar']],
    ['member', ['nick']],
  ] as const) {
    const isOlder = columns.map((column) => `(NEW.${column} <> '' AND NEW.${column} < OLD.${column})`).join(' OR ');
    const isAhead = table === 'friend' ? "OLD.remark <=> 'ahead'" : 'FALSE';
    await friend.write(
      'creating a trigger',
      `CREATE TRIGGER ${friendDb}.${table}_back BEFORE UPDATE ON ${friendDb}.${table} FOR EACH ROW
         INSERT INTO ${friendDb}.step_back SELECT CONCAT_WS(' ', '${table}', ${columns.map((c) => `OLD.${c}, '->', NEW.${c}`).join(', ')})
         WHERE @by_application IS NULL AND NOT (${isAhead}) AND (${isOlder})`,
    );
  }
  const narrow = {
    sources: configuration.mapping.sources.map((source) => ({
      ...source,
      columns: ['nick'],
      copies: source.copies
        .slice(0, 1)
        .map((copy) => ({ ...copy, set: copy.set.filter(({ from }) => from === 'nick') })),
    })),
  };
  return {
    server,
    wide: withSource(server.store),
    narrow: withSource(await openStore({ ...configuration, mapping: narrow }, server.store.database)),
    state: configuration.settings.target.stateDatabase,
  };
}

function withSource(store: Store): Opened {
  const [source] = store.sources.values();
  if (!source) throw new Error('the mapping has no source');
  return { store, source };
}

/** Empty tables of ours, and the copies that each sequence begins with: none, few, and more than a chunk holds. */
export async function resetFriendTables({ server, state }: FriendTables): Promise<void> {
  const { friend, friendDb } = server;
  const ours = ['pending', 'due_key', 'mirror_account', 'consumed', 'topic_epoch'].map((table) => `${state}.${table}`);
  const theirs = ['friend', 'member', 'step_back'].map((table) => `${friendDb}.${table}`);
  await friend.transaction('the beginning', async (tx) => {
    for (const table of [...ours, ...theirs]) await tx.write('clearing', `DELETE FROM ${table}`);
    await tx.write('copies', `INSERT INTO ${friendDb}.friend (friend_id) VALUES (1),(2),(2),(2),(2),(2),(3),(3)`);
    await tx.write('copies', `INSERT INTO ${friendDb}.member (team_id, user_id) VALUES (1,2),(2,2),(3,2),(1,3)`);
  });
}
