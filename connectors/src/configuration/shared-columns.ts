import type { CopyMapping, SourceMapping, TableName } from '../mapping.ts';
import type { ConfigurationIssue } from './issue.ts';
import type { SourceFile } from './source-file.ts';

/**
 * A column of a row has one truth: two copies that write it would undo each other for ever. By different foreign keys
 * two copies may share a column where each has its own `where`, which keeps their rows apart.
 */
export function reportSharedColumns(
  sources: ReadonlyMap<number, SourceMapping>,
  file: SourceFile,
  issues: ConfigurationIssue[],
): void {
  const seen: { source: SourceMapping; copy: CopyMapping }[] = [];
  for (const [s, source] of sources) {
    for (const [c, copy] of source.copies.entries()) {
      const at = ['sources', s, 'copies', c];
      const onTable = seen.filter((other) => qualified(other.copy.table) === qualified(copy.table));
      seen.push({ source, copy });
      if (onTable.some((other) => other.source === source && other.copy.key === copy.key)) {
        const remedy = 'write all its columns in one set, or name another foreign key';
        issues.push(file.issue([...at, 'key'], `${copy.table.table}.${copy.key} is listed twice`, remedy));
        continue;
      }
      const rivals = onTable.filter(({ copy: other }) => other.key === copy.key || !other.where || !copy.where);
      const taken = new Set(rivals.flatMap((other) => other.copy.set.map(({ column }) => column)));
      for (const { column } of copy.set) {
        if (!taken.has(column)) continue;
        const problem = `another copy sets ${column} of this table`;
        issues.push(file.issue([...at, 'set', column], problem, 'keep it in one of the two', true));
      }
    }
  }
}

export function qualified({ database, table }: TableName): string {
  return `${database}.${table}`;
}
