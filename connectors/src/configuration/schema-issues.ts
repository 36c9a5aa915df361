import type { z } from 'zod';
import type { ConfigurationIssue } from './issue.ts';
import type { Path, SourceFile } from './source-file.ts';
import { nearest, suggestion } from './suggestion.ts';

/** A mistake that the schema found: what the file's reader must be told, without any value. */
export type SchemaIssue =
  | { readonly kind: 'unknown'; readonly path: Path; readonly known: readonly string[] }
  | { readonly kind: 'wrong'; readonly path: Path; readonly problem: string; readonly atKey: boolean };

/** zod's issues, one for each mistake; `known` lists the names that a map at a path may have, `has` tells what is given. */
export function schemaIssues(
  issues: readonly z.core.$ZodIssue[],
  base: Path,
  known: (path: Path) => readonly string[],
  has: (path: Path) => boolean,
): SchemaIssue[] {
  const all = issues.flatMap((issue) => unfolded(issue, base)).flatMap((issue) => toSchemaIssues(issue, known));
  // A name that is misspelt is missing, too: that is one mistake.
  const meant = new Set(
    all.map((issue) =>
      issue.kind === 'unknown'
        ? key([...issue.path.slice(0, -1), nearest(String(issue.path.at(-1)), issue.known) ?? ''])
        : '',
    ),
  );
  return all.filter((issue) => issue.kind === 'unknown' || has(issue.path) || !meant.has(key(issue.path)));
}

/** The issue in the file, at its place. */
export function issueInFile(issue: SchemaIssue, file: SourceFile): ConfigurationIssue {
  const { path } = issue;
  if (issue.kind === 'unknown')
    return file.issue(path, 'is not known', suggestion(String(path.at(-1)), issue.known), true);
  if (!file.has(path)) return file.issue(path, 'is missing', `add ${String(path.at(-1))}`);
  return file.issue(path, issue.problem, 'correct it', issue.atKey);
}

/** Of a union that takes either a word or an object, the object's own mistakes where an object was written. */
function unfolded(issue: z.core.$ZodIssue, base: Path): z.core.$ZodIssue[] {
  const path = [...base, ...issue.path] as PropertyKey[];
  if (issue.code === 'invalid_union') {
    const inner = issue.errors.find((errors) =>
      errors.some((e) => e.path.length > 0 || e.code === 'unrecognized_keys'),
    );
    if (inner) return inner.flatMap((e) => unfolded(e, path as Path));
  }
  return [{ ...issue, path }];
}

function toSchemaIssues(issue: z.core.$ZodIssue, known: (path: Path) => readonly string[]): SchemaIssue[] {
  const path = issue.path as Path;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((name) => ({ kind: 'unknown', path: [...path, name], known: known(path) }));
  return [{ kind: 'wrong', path, problem: problemOf(issue), atKey: issue.code === 'invalid_key' }];
}

function problemOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  if (issue.code === 'invalid_union' && issue.message === 'Invalid input')
    return 'has none of the forms that are allowed here';
  return issue.message.replace(/^Invalid input: |^Too small: |^Too big: /, '');
}

function key(path: Path): string {
  return JSON.stringify(path);
}
