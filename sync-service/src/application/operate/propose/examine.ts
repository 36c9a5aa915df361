import type { ColumnPair, CopyMapping, SourceMapping, TableName } from '@friend-sync/connectors';
import { isInteger, kindOf } from '../../../domain/column-types.ts';
import type { TableShape } from '../../../domain/table-shape.ts';
import {
  checkTarget,
  noteTarget,
  readTargetTable,
  type TargetTable,
} from '../../../infrastructure/mysql/copies/target-table.ts';
import type { Database } from '../../../infrastructure/mysql/server/database.ts';
import { keyKindOf, planMirror, plannedColumns } from '../../../infrastructure/mysql/state/mirror-table.ts';
import { judge, type Verdict } from './judge.ts';
import type { Guess, PairGuess } from './match.ts';
import { type Sample, sampleCopies } from './sample.ts';

/** One pair of columns that has been looked at, in their tables as they are. */
export interface Finding {
  readonly guess: Guess;
  readonly pair: PairGuess;
  readonly verdict: Verdict;
  /** Why the tables or the columns do not fit, each with the remedy. */
  readonly problems: readonly string[];
  readonly sample: Sample | undefined;
  /** What is allowed and may surprise. */
  readonly notes: readonly string[];
}

/** Where more of the sampled copies have no row at the source, and they are not just a few, they are of another table. */
const FEWEST = 20;
const HALF = 0.5;

/** Looks at the tables of a guess: whether they fit, by what `migrate` goes by, and what some of their rows say. */
export async function examine(source: Database, target: Database, guess: Guess): Promise<Finding[]> {
  const mapping = mappingOf(guess);
  const [copy] = mapping.copies;
  if (!copy) return [];
  const planOf = (columns: readonly string[]) => planMirror({ ...mapping, columns }, guess.source);
  const plan = planOf(mapping.columns);
  const table = asDaemon(await readTargetTable(target, copy));
  const types = plannedColumns(plan);
  const check = (set: readonly ColumnPair[]) =>
    checkTarget({ ...table, copy: { ...copy, set } }, plan.key === undefined ? undefined : keyKindOf(plan.key), types);
  const ofSource = planOf([]).problems;
  const ofTables = [...ofSource, ...check([])];
  const ofPair = (pair: ColumnPair) =>
    [...planOf([pair.from]).problems, ...check([pair])].filter((problem) => !ofTables.includes(problem));

  const fitting = copy.set.filter((pair) => ofPair(pair).length === 0);
  const isComparable = ofSource.length === 0 && areOfOneKind(guess);
  const sampled = { mapping, copy: { ...copy, set: fitting }, table, plan };
  const sample = isComparable && fitting.length > 0 ? await sampleCopies(source, target, sampled) : undefined;
  const foreign = sample ? foreignKeys(guess, sample) : [];
  return guess.pairs.flatMap((pair, i) => {
    const columns = copy.set[i] ?? pair;
    const ofSample = sample?.pairs[fitting.indexOf(columns)];
    const type = plan.types.get(pair.from);
    const verdict = judge(pair, type === undefined ? undefined : kindOf(type), ofSample);
    if (!verdict) return [];
    const problems = [...foreign, ...ofTables, ...ofPair(columns)];
    // Neither names nor rows speak for it, and it does not fit.
    if (!verdict.isProposed && verdict.share === 0 && problems.length > 0) return [];
    return [{ guess, pair, verdict, problems, sample, notes: [...noteTarget(table), ...noteLength(guess, pair)] }];
  });
}

/** A name without its database, which has no dot. */
export function toTableName({ name }: TableShape): TableName {
  const dot = name.indexOf('.');
  return { database: name.slice(0, dot), table: name.slice(dot + 1) };
}

function mappingOf({ source, key, target, foreignKey, pairs }: Guess): SourceMapping {
  const table = toTableName(target);
  const set = pairs.map(({ column, from }) => ({ column, from }));
  const copy: CopyMapping = {
    id: `${table.table}.${foreignKey}`,
    table,
    key: foreignKey,
    set,
    watch: [],
    preserve: [],
  };
  const columns = [...new Set(pairs.map(({ from }) => from))];
  return { name: '', table: toTableName(source), key, columns, copies: [copy], onDelete: { kind: 'keep' } };
}

/** As the daemon's user will see it: who looks now need not have its rights. */
function asDaemon(table: TargetTable): TargetTable {
  const granted = [...table.columns].map(
    ([name, column]) => [name, { ...column, rights: ['select', 'update'] }] as const,
  );
  return { ...table, columns: new Map(granted) };
}

function areOfOneKind({ source, key, target, foreignKey }: Guess): boolean {
  const isNumber = ({ columns }: TableShape, name: string) =>
    columns.some((column) => column.name === name && isInteger(column));
  return isNumber(source, key) === isNumber(target, foreignKey);
}

function foreignKeys({ source, foreignKey }: Guess, { rows, found }: Sample): string[] {
  if (rows < FEWEST || found >= rows * HALF) return [];
  return [`only ${found} of ${rows} sampled values of ${foreignKey} are keys of ${source.name}`];
}

function noteLength({ source, target }: Guess, { column, from }: PairGuess): string[] {
  const lengthOf = ({ columns }: TableShape, of: string) => {
    const { dataType = '', maxLength = null } = columns.find(({ name }) => name === of) ?? {};
    return dataType.endsWith('char') ? maxLength : null;
  };
  const [own, wanted] = [lengthOf(target, column), lengthOf(source, from)];
  if (own === null || wanted === null || own >= wanted) return [];
  return [`${target.name}.${column}: is shorter than ${from} (${own}, ${wanted}); longer values will be refused`];
}
