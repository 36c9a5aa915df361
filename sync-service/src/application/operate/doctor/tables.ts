import type { Configuration, CopyMapping, SourceMapping } from '@friend-sync/connectors';
import { checkTarget, noteTarget, readTargetTable } from '../../../infrastructure/mysql/copies/target-table.ts';
import type { Database } from '../../../infrastructure/mysql/server/database.ts';
import { findUnlogged, readSettings } from '../../../infrastructure/mysql/server/server-settings.ts';
import { sourceProblems } from '../../../infrastructure/mysql/server/source-fit.ts';
import { type Cascade, readCascades, readTableShape } from '../../../infrastructure/mysql/server/table-shape.ts';
import {
  keyKindOf,
  planMirror,
  plannedColumns,
  readMirrorColumns,
  toSourceSchema,
} from '../../../infrastructure/mysql/state/mirror-table.ts';
import { type Finding, findingOf } from './findings.ts';

export interface TableParts {
  readonly configuration: Configuration;
  /** Undefined: it cannot be reached, and nothing is said of its tables. */
  readonly source: Database | undefined;
  readonly target: Database | undefined;
}

/** Whether the tables of a source, and of its copies, are what is assumed of them. */
export async function lookAtTables(parts: TableParts, mapping: SourceMapping): Promise<Finding[]> {
  const { source, target, configuration } = parts;
  const { stateDatabase } = configuration.settings.target;
  const columns = target ? await readMirrorColumns(target, stateDatabase, mapping.name) : new Map<string, string>();
  // Copies are written from it once it is made; until then they will be from what `migrate` would make.
  const mirror = toSourceSchema(mapping, columns) && columns;
  const shape = source && (await readTableShape(source, mapping.table));
  const plan = planMirror(mapping, shape);
  const planned = plannedColumns(plan);
  const key = mirror?.get('k') ?? plan.key;
  const problems = mirror ? sourceProblems(mapping, shape, mirror) : plan.problems;
  const looks = [
    ...(source ? [lookAtSource(source, mapping, problems)] : []),
    ...(target ? mapping.copies.map((copy) => lookAtCopy(target, mapping, copy, key, mirror ?? planned)) : []),
  ];
  return (await Promise.all(looks)).flat();
}

async function lookAtSource(
  source: Database,
  { name, table, key, columns: mapped }: SourceMapping,
  problems: readonly string[],
): Promise<Finding[]> {
  const why = `nothing of ${name} is followed: no change of it is applied, and none of its rows read`;
  const cascades = await findCascades(source, table, ({ columns, onDelete, onUpdate }) => {
    const isMapped = columns.some((column) => column === key || mapped.includes(column));
    return onDelete === 'CASCADE' || (isMapped && (changes(onDelete) || changes(onUpdate)));
  });
  const filter = await findUnlogged(source, table.database);
  const unlogged: Finding = {
    severity: 'error',
    part: `${table.database}.${table.table}`,
    what: `${filter} keeps it out of the binary log`,
    why: 'no change of it is told: each waits for the next round',
    mend: `take ${filter} out of the configuration of the user server, and restart it`,
  };
  return [
    ...problems.map((problem) => findingOf('error', problem, why)),
    ...(filter === undefined ? [] : [unlogged]),
    ...cascades,
  ];
}

async function lookAtCopy(
  target: Database,
  mapping: SourceMapping,
  copy: CopyMapping,
  key: string | undefined,
  mirrorTypes: ReadonlyMap<string, string>,
): Promise<Finding[]> {
  const table = await readTargetTable(target, copy);
  const problems = checkTarget(table, key === undefined ? undefined : keyKindOf(key), mirrorTypes);
  const held = `the copy ${copy.id} of ${mapping.name} is held until it fits; all others are written`;
  const surprising = 'each change of the source does so to all of its copies';
  return [
    ...problems.map((problem) => findingOf('error', problem, held)),
    ...noteTarget(table).map((note) => findingOf('note', note, surprising)),
    ...(await findCascades(target, copy.table, ({ columns, onDelete, onUpdate }) => {
      return columns.includes(copy.key) && (changes(onUpdate) || onDelete.startsWith('SET'));
    })),
  ];
}

/** Whether such a rule changes what the column holds. */
const changes = (rule: string) => rule === 'CASCADE' || rule.startsWith('SET');

/** What InnoDB does by itself to the rows of a table is not in the binary log; from 9.6 on MySQL does it, and it is. */
async function findCascades(
  server: Database,
  name: SourceMapping['table'],
  matters: (cascade: Cascade) => boolean,
): Promise<Finding[]> {
  const cascades = (await readCascades(server, name)).filter(matters);
  if (cascades.length === 0 || (await readSettings(server)).get('innodb_native_foreign_keys') === 'OFF') return [];
  return cascades.map(({ constraint, columns, onDelete, onUpdate }) => ({
    severity: 'warning',
    part: `${name.database}.${name.table}.${columns.join(', ')}`,
    what: `the foreign key ${constraint} changes its rows (ON DELETE ${onDelete}, ON UPDATE ${onUpdate})`,
    why: 'the binary log does not hold what a cascade does, so that it waits for the next round',
    mend: 'have the application change these rows itself, or patrol.intervalSeconds be as short as that may take',
  }));
}
