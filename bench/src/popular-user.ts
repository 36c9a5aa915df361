import { rm } from 'node:fs/promises';
import { loadConfiguration } from '@friend-sync/connectors';
import { newDataFolder } from '@friend-sync/demo';
import { openStack } from '@friend-sync/local-stack';
import { type Database, ingest, openDatabase, openStore, openTarget, type Store } from '@friend-sync/sync-service';
import { executeMigration } from '@friend-sync/sync-service/migrate';

const KEY = 1n;
const TOPIC = 'bench';
const ROWS_PER_INSERT = 5_000;
const SOURCES = `sources:
  - name: user
    table: user_db.im_user
    key: id
    copies:
      - table: im_friend
        key: friend_id
        set: { friend_nick_name: nick_name, friend_head_img: head_img }
`;

/** One user whose name many friends keep, in a friend database that nothing but us uses. */
export interface PopularUser extends AsyncDisposable {
  readonly store: Store;
  /** Another pool on the same server: what the friend service would use. */
  readonly friend: Database;
  /** Its copies have the ids 1 to `copies`, and a column `remark` that is not mapped. */
  readonly table: string;
  /** Ingests a change of nickname and avatar; the key is pending then. */
  rename(): Promise<void>;
}

/** Opens one MySQL server; the source's table lives on it, too, because its column types are asked for. */
export async function openPopularUser(copies: number, say: (line: string) => void): Promise<PopularUser> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const dataDir = await newDataFolder('bench');
    closers.push(() => rm(dataDir, { recursive: true, force: true }));
    const stack = await openStack({ dataDir, parts: ['friend-mysql'], onProgress: say });
    closers.push(() => stack.down());
    const server = { host: '127.0.0.1', port: stack.friendMysql.port, user: 'root', password: '' };
    const configuration = loadConfiguration({
      text: SOURCES,
      file: 'bench.yaml',
      env: {},
      overrides: { source: server, target: { ...server, database: 'friend_db' } },
    });
    const friend = openDatabase(configuration.settings.target, { connections: 2 });
    closers.push(async () => friend[Symbol.asyncDispose]());
    const target = openTarget(configuration);
    closers.push(async () => target[Symbol.asyncDispose]());
    await createTables(friend);
    await fill(friend, copies);
    say(`${copies} copies of one user`);
    await executeMigration(configuration, friend, target);
    const store = await openStore(configuration, target);
    const rename = await feed(store);
    return { store, friend, table: 'friend_db.im_friend', rename, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function createTables(friend: Database): Promise<void> {
  await friend.write('tables', 'CREATE DATABASE user_db');
  await friend.write(
    'tables',
    'CREATE TABLE user_db.im_user (id BIGINT PRIMARY KEY, nick_name VARCHAR(64) NOT NULL, head_img VARCHAR(255) NOT NULL)',
  );
  await friend.write('tables', 'CREATE DATABASE friend_db');
  await friend.write(
    'tables',
    `CREATE TABLE friend_db.im_friend (id BIGINT PRIMARY KEY, user_id BIGINT NOT NULL, friend_id BIGINT NOT NULL,
       friend_nick_name VARCHAR(64), friend_head_img VARCHAR(255), remark INT NOT NULL DEFAULT 0,
       UNIQUE KEY (user_id, friend_id), KEY (friend_id))`,
  );
}

async function fill(friend: Database, copies: number): Promise<void> {
  for (let from = 1; from <= copies; from += ROWS_PER_INSERT) {
    const ids = Array.from({ length: Math.min(ROWS_PER_INSERT, copies - from + 1) }, (_, i) => from + i);
    await friend.write('copies', 'INSERT INTO friend_db.im_friend (id, user_id, friend_id) VALUES ?', [
      ids.map((id) => [id, id, KEY]),
    ]);
  }
}

/** Plays the change topic: each call ingests the user's next change, as the daemon does while its workers are busy. */
async function feed(store: Store): Promise<() => Promise<void>> {
  const source = store.sources.get('user');
  if (!source) throw new Error('the mapping has no source');
  let offset = 0n;
  await store.database.transaction('adopting', (tx) =>
    store.consumed.adopt(tx, TOPIC, [{ partition: 0, low: offset }]),
  );
  return async () => {
    const position = { epoch: 1, partition: 0, offset };
    const change = {
      source: 'user',
      key: KEY,
      kind: 'row' as const,
      // In the order of the sorted column names: head_img, nick_name.
      values: [`https://img.example/${KEY}/${offset}.png`, `Nick ${offset}`],
      position,
      gtid: null,
      committedAtMs: Date.now(),
    };
    const expectedOffset = offset++;
    const batch = {
      topic: TOPIC,
      partition: 0,
      epoch: 1,
      expectedOffset,
      nextOffset: offset,
      maxTimestampMs: Date.now(),
      changes: [change],
    };
    const { kind } = await ingest(store, source, batch, false);
    if (kind !== 'stored') throw new Error(`the change was not stored: ${kind}`);
  };
}
