import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { type Settings, settingsSchema } from '../settings.ts';
import type { Configuration } from './configuration.ts';
import { ConfigurationError, type ConfigurationIssue } from './issue.ts';
import { toMapping } from './mapping.ts';
import { type SourceInFile, sourceSchema } from './mapping-schema.ts';
import {
  type Environment,
  environmentIssue,
  fromEnvironment,
  isRecord,
  merged,
  type RawSettings,
  settingPaths,
  variableOf,
  withValue,
} from './overlay.ts';
import { type Path, SourceFile } from './source-file.ts';
import { suggestion } from './suggestion.ts';

export interface ConfigurationInput {
  readonly text: string;
  /** The file's name, for messages. */
  readonly file: string;
  readonly env: Environment;
  /** Settings that take precedence over everything else: flags. */
  readonly overrides?: RawSettings;
}

/** Reads and checks the configuration file; throws {@link ConfigurationError} with every mistake in it. */
export function readConfiguration(file: string, env: Environment, overrides: RawSettings = {}): Configuration {
  return loadConfiguration({ text: readText(file), file, env, overrides });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const problem = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : 'it cannot be read';
    const remedy = 'name the configuration file with --config FILE; friend-sync.example.yaml is one to begin with';
    throw new ConfigurationError([{ file, line: 0, column: 0, path: '', problem, remedy }]);
  }
}

/** Checks a configuration and resolves it: defaults, then the file, then the environment, then overrides. Frozen. */
export function loadConfiguration({ text, file, env, overrides = {} }: ConfigurationInput): Configuration {
  const source = new SourceFile(file, text);
  if (source.syntaxIssues.length) throw new ConfigurationError(source.syntaxIssues);
  const issues: ConfigurationIssue[] = [];
  const content = isRecord(source.content) ? source.content : {};
  for (const name of Object.keys(content).filter((name) => name !== 'sources' && name !== 'settings')) {
    issues.push(source.issue([name], 'is not known', suggestion(name, ['sources', 'settings']), true));
  }
  const settings = loadSettings(isRecord(content.settings) ? content.settings : {}, env, overrides, source, issues);
  const sources = loadSources(content.sources, source, issues);
  const targetDatabase = settings ? settings.target.database : 'unknown';
  const mapping = toMapping(sources, targetDatabase, source, issues);
  if (issues.length || !settings) throw new ConfigurationError(issues.sort((a, b) => a.line - b.line));
  return frozen({ mapping, settings });
}

function loadSettings(
  inFile: RawSettings,
  env: Environment,
  overrides: RawSettings,
  source: SourceFile,
  issues: ConfigurationIssue[],
): Settings | undefined {
  for (const path of settingPaths().filter((path) => path.at(-1) === 'password' && source.has(['settings', ...path]))) {
    const variable = variableOf(path);
    issues.push(
      source.issue(
        ['settings', ...path],
        'a password does not belong into this file',
        `set ${variable} or ${variable}_FILE`,
        true,
      ),
    );
  }
  const given = fromEnvironment(env, issues);
  const raw = given.reduce((settings, { path, value }) => withValue(settings, path, value), inFile);
  const result = settingsSchema.safeParse(merged(raw, overrides));
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    const variable = given.find(({ path }) => path.join('.') === issue.path.join('.'));
    if (variable) issues.push(environmentIssue(variableOf(variable.path), problemOf(issue), 'correct or unset it'));
    else issues.push(...zodIssues(issue, ['settings'], source));
  }
  return undefined;
}

function loadSources(raw: unknown, source: SourceFile, issues: ConfigurationIssue[]): Map<number, SourceInFile> {
  const sources = new Map<number, SourceInFile>();
  if (!Array.isArray(raw) || raw.length === 0) {
    issues.push(source.issue(['sources'], 'lists no source', 'declare at least one source with its copies'));
    return sources;
  }
  for (const [i, item] of raw.entries()) {
    const result = sourceSchema.safeParse(item);
    if (result.success) sources.set(i, result.data);
    else issues.push(...result.error.issues.flatMap((issue) => zodIssues(issue, ['sources', i], source)));
  }
  return sources;
}

/** zod's issue with its place in the file; one of ours per mistake. */
function zodIssues(issue: z.core.$ZodIssue, base: Path, source: SourceFile): ConfigurationIssue[] {
  const path = [...base, ...(issue.path as (string | number)[])];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) =>
      source.issue([...path, key], 'is not known', suggestion(key, knownNames(path)), true),
    );
  }
  const isMissing = !source.has(path);
  if (isMissing) return [source.issue(path, 'is missing', `add ${String(path.at(-1))}`)];
  return [source.issue(path, problemOf(issue), 'correct it')];
}

function problemOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_union') return 'has none of the forms that are allowed here';
  return issue.message.replace(/^Invalid input: /, '').replace(/^Too small: |^Too big: /, '');
}

const SOURCE_NAMES = ['name', 'table', 'key', 'copies', 'onDelete'];
const COPY_NAMES = ['table', 'key', 'set', 'where', 'watch', 'preserve'];

function knownNames(path: Path): string[] {
  if (path[0] === 'sources')
    return path.includes('onDelete') ? ['set'] : path.includes('copies') ? COPY_NAMES : SOURCE_NAMES;
  const depth = path.length - 1;
  const inside = settingPaths().filter((setting) => path.slice(1).every((name, i) => setting[i] === name));
  return [...new Set(inside.map((setting) => setting[depth] ?? ''))];
}

function frozen<T>(value: T): T {
  if (isRecord(value) || Array.isArray(value)) {
    for (const inner of Object.values(value)) frozen(inner);
    Object.freeze(value);
  }
  return value;
}
