/** One mistake in the configuration: where it is, what it is, what to do. */
export interface ConfigurationIssue {
  /** The file, or `environment`. */
  readonly file: string;
  /** Counted from 1; 0 where it has no place in the file. */
  readonly line: number;
  readonly column: number;
  /** Path in the configuration (`sources[0].copies[1].key`), or the variable's name. */
  readonly path: string;
  readonly problem: string;
  readonly remedy: string;
}

/** Every mistake at once, a line each. No secret is ever part of it. */
export class ConfigurationError extends Error {
  readonly issues: readonly ConfigurationIssue[];

  constructor(issues: readonly ConfigurationIssue[]) {
    super(issues.map(toLine).join('\n'));
    this.name = 'ConfigurationError';
    this.issues = issues;
  }
}

function toLine({ file, line, column, path, problem, remedy }: ConfigurationIssue): string {
  const place = line ? `${file}:${line}:${column}` : file;
  return `${place}: ${path ? `${path}: ` : ''}${problem}; ${remedy}`;
}
