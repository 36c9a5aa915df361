import type { CopyMapping, SourceMapping } from '@friend-sync/connectors';
import type { Key } from '../../domain/change.ts';
import { SyncError } from '../../errors.ts';
import { type Database, quoted, type Row } from '../../infrastructure/mysql/server/database.ts';
import { readTableShape } from '../../infrastructure/mysql/server/table-shape.ts';
import {
  mirrorName,
  planMirror,
  readMirrorColumns,
  unknownColumn,
  valueColumn,
} from '../../infrastructure/mysql/state/mirror-table.ts';
import { findMisspelt, readSources } from './compared-rows.ts';

/** Reads a key as MySQL returns it. */
export type ToKey = (raw: unknown) => Key;

/** What the copies of one source are compared with. */
export interface Truth {
  /** The type of its keys, as a mirror has it. */
  readonly keyType: string;
  /** By source column the type of the values, as a mirror has it. */
  readonly types: ReadonlyMap<string, string>;
  /** The rows that there are of these keys, with the columns that this copy is set from; one is undefined where nobody knows it. */
  rows(copy: CopyMapping, keys: readonly Key[], toKey: ToKey): Promise<Map<Key, Row>>;
  /** Those of the keys, none of which is a row's, that its collation takes for one. */
  misspelt(keys: readonly Key[]): Promise<readonly Key[]>;
}

/** The rows of the user database. */
export async function sourceTruth(source: Database, mapping: SourceMapping): Promise<Truth> {
  const { key, types, problems } = planMirror(mapping, await readTableShape(source, mapping.table));
  if (key === undefined || problems.length) throw new SyncError('contract_broken', problems.join('\n'));
  return {
    keyType: key,
    types,
    rows: (copy, keys, toKey) => readSources(mapping, copy, source, keys, toKey),
    misspelt: (keys) => findMisspelt(mapping, source, keys),
  };
}

/** What the daemons last heard or read of them: no row of the user database is read. */
export async function mirrorTruth(friend: Database, stateDatabase: string, mapping: SourceMapping): Promise<Truth> {
  const mirror = mirrorName(mapping.name);
  const columns = await readMirrorColumns(friend, stateDatabase, mapping.name);
  const types = new Map(mapping.columns.map((column) => [column, columns.get(valueColumn(column)) ?? '']));
  return {
    keyType: columns.get('k') ?? '',
    types,
    async rows({ set }, keys, toKey) {
      const selected = set.map(
        ({ from }, i) => `${quoted(valueColumn(from))} AS c${i}, ${quoted(unknownColumn(from))} AS u${i}`,
      );
      const rows = await friend.rows(
        `reading ${mirror}`,
        `SELECT k, ${selected.join(', ')} FROM ${quoted(stateDatabase, mirror)} WHERE k IN (?) AND NOT fs_deleted`,
        [keys],
      );
      const known = (row: Row) => set.map((_, i) => [`c${i}`, Number(row[`u${i}`]) ? undefined : row[`c${i}`]]);
      return new Map(rows.map((row) => [toKey(row.k), Object.fromEntries(known(row))]));
    },
    // Its collation tells every spelling from every other.
    misspelt: async () => [],
  };
}
