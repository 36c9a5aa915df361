import type { CopyMapping, Mapping, SourceMapping, TableName } from '../mapping.ts';
import type { ConfigurationIssue } from './issue.ts';
import type { SourceInFile } from './mapping-schema.ts';
import { qualified, reportSharedColumns } from './shared-columns.ts';
import type { Path, SourceFile } from './source-file.ts';

/** Resolves the sources of the file into the mapping, and reports what only shows when they are seen together. */
export function toMapping(
  sources: ReadonlyMap<number, SourceInFile>,
  defaultDatabase: string | undefined,
  file: SourceFile,
  issues: ConfigurationIssue[],
): Mapping {
  const resolved = new Map(
    [...sources].map(([i, source]) => [i, toSource(source, ['sources', i], defaultDatabase, file, issues)]),
  );
  const distinct = new Map<number, SourceMapping>();
  for (const [i, source] of resolved) {
    const earlier = [...distinct.values()];
    if (earlier.some(({ name }) => name === source.name)) {
      const remedy = 'give each source a name of its own';
      issues.push(file.issue(['sources', i, 'name'], `another source is named ${source.name}`, remedy));
    }
    if (earlier.some(({ table }) => qualified(table) === qualified(source.table))) {
      const remedy = 'list its copies under one source';
      issues.push(
        file.issue(['sources', i, 'table'], `another source has the table ${qualified(source.table)}`, remedy),
      );
    } else distinct.set(i, source);
  }
  reportSharedColumns(distinct, file, issues);
  return { sources: [...resolved.values()] };
}

function toSource(
  source: SourceInFile,
  path: Path,
  defaultDatabase: string | undefined,
  file: SourceFile,
  issues: ConfigurationIssue[],
): SourceMapping {
  const copies = source.copies.map((copy, i): CopyMapping => {
    const at = [...path, 'copies', i];
    const set = Object.entries(copy.set).map(([column, from]) => ({ column, from }));
    if (Object.hasOwn(copy.set, copy.key)) {
      issues.push(
        file.issue([...at, 'set', copy.key], 'the foreign key cannot be a mapped column', 'remove it from set', true),
      );
    }
    for (const list of ['watch', 'preserve'] as const) {
      for (const [j, column] of copy[list].entries()) {
        if (Object.hasOwn(copy.set, column))
          issues.push(file.issue([...at, list, j], `${column} is a mapped column`, `remove it from ${list}`));
      }
    }
    return {
      id: `${copy.table}.${copy.key}`,
      table: resolveTable(copy.table, defaultDatabase, at, file, issues),
      key: copy.key,
      set,
      where: copy.where,
      watch: copy.watch,
      preserve: copy.preserve,
    };
  });
  return {
    name: source.name,
    table: splitTable(source.table, ''),
    key: source.key,
    columns: [...new Set(copies.flatMap(({ set }) => set.map(({ from }) => from)))].sort(),
    copies,
    onDelete: toDeletePolicy(source.onDelete, copies, path, file, issues),
  };
}

function resolveTable(
  name: string,
  defaultDatabase: string | undefined,
  path: Path,
  file: SourceFile,
  issues: ConfigurationIssue[],
): TableName {
  if (!name.includes('.') && defaultDatabase === undefined) {
    const remedy = `write database.${name}, or set settings.target.database`;
    issues.push(file.issue([...path, 'table'], `the database of ${name} is not known`, remedy));
  }
  return splitTable(name, defaultDatabase ?? '');
}

function splitTable(name: string, defaultDatabase: string): TableName {
  const [database = '', table] = name.split('.');
  return table === undefined ? { database: defaultDatabase, table: database } : { database, table };
}

function toDeletePolicy(
  policy: SourceInFile['onDelete'],
  copies: readonly CopyMapping[],
  path: Path,
  file: SourceFile,
  issues: ConfigurationIssue[],
): SourceMapping['onDelete'] {
  if (policy === 'keep') return { kind: 'keep' };
  const mapped = new Set(copies.flatMap(({ set }) => set.map(({ column }) => column)));
  for (const column of Object.keys(policy.set)) {
    if (!mapped.has(column)) {
      const at = [...path, 'onDelete', 'set', column];
      issues.push(
        file.issue(at, `${column} is a mapped column of no copy`, `use one of ${[...mapped].join(', ')}`, true),
      );
    }
  }
  return { kind: 'replace', set: policy.set };
}
