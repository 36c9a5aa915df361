import { type Key, openSourceDatabase } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { equalValues } from '../../sync-service/src/domain/change.ts';
import { parseValue } from '../../sync-service/src/domain/source-schema.ts';
import { drain } from '../support/drain.ts';
import { createFeed } from '../support/feed.ts';
import { openFriendServer } from '../support/friend-server.ts';
import { copyType, MISREAD_TYPES, VALUE_TYPES } from '../support/value-types.ts';

test.each(Object.entries({ ...VALUE_TYPES, misread: MISREAD_TYPES }))(
  'case 62, 87: %s: what is read is what the mirror gives back, and copies have it byte for byte',
  async (_family, types) => {
    const columns = types.map((type, i) => ({ name: `n${i}`, copy: copyType(type), type }));
    await using server = await openFriendServer({
      userTables: [
        `CREATE TABLE u (id BIGINT PRIMARY KEY, ${columns.map(({ name, type }) => `${name} ${type.type}`)})`,
      ],
      friendTables: [
        `CREATE TABLE f (k BIGINT, n INT AUTO_INCREMENT PRIMARY KEY, KEY (k), ${columns.map(({ name, copy }) => `${name} ${copy}`)})`,
      ],
      sources: `\n  - { name: u, table: USER.u, key: id, copies: [{ table: f, key: k, set: { ${columns.map(({ name }) => `${name}: ${name}`)} } }] }`,
    });
    const { user, friend, userDb, friendDb, store, configuration } = server;
    const keys = Array.from({ length: Math.max(...types.map(({ values }) => values.length)) + 1 }, (_, id) =>
      BigInt(id),
    );
    for (const key of keys) {
      const values = types.map(({ values }) => (key === 0n ? 'NULL' : values[Number(key - 1n) % values.length]));
      await user.write('inserting', `INSERT INTO ${userDb}.u VALUES (${[key, ...values]})`);
    }
    await friend.write('copies', `INSERT INTO ${friendDb}.f (k) VALUES ?`, [keys.map((key) => [key])]);

    const feed = createFeed(server);
    const { mapping, columns: mapped } = feed.source.schema;
    await using source = openSourceDatabase(configuration);
    const rows = await source.rows('reading', `SELECT * FROM ${userDb}.u ORDER BY id`);
    const read = rows.map((row) => mapped.map(({ name, kind }) => parseValue(row[name], kind)));
    expect(read.flat()).not.toContain(undefined);
    await feed.rows(...read.map((values, i): [Key, ...typeof values] => [keys[i] as Key, ...values]));

    const mirrored = await store.database.transaction('reading', (tx) => feed.source.mirror.lock(tx, keys));
    const others = keys.flatMap((key, row) =>
      mapping.columns.filter((_, i) => !equalValues(mirrored.get(key)?.values[i], read[row]?.[i])),
    );
    expect(others).toEqual([]);

    await drain(server);
    const bytes = columns.map(({ name, copy }) => `${bytesOf(name, copy)} AS ${name}`);
    expect(await friend.rows('reading', `SELECT ${bytes} FROM ${friendDb}.f ORDER BY k`)).toEqual(
      await user.rows('reading', `SELECT ${bytes} FROM ${userDb}.u ORDER BY id`),
    );
  },
);

function bytesOf(name: string, copy: string): string {
  if (copy === 'LONGTEXT') return `HEX(CONVERT(${name} USING utf8mb4))`;
  if (copy.startsWith('DATE')) return name;
  return copy === 'LONGBLOB' ? `HEX(${name})` : `CAST(${name} AS DECIMAL(65, 30))`;
}
