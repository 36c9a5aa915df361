import { readFileSync } from 'node:fs';
import type { Configuration } from './configuration.ts';
import { ConfigurationError, type ConfigurationIssue } from './issue.ts';
import { readLayers, resolveSettings, type SettingLayers } from './load-settings.ts';
import { toMapping } from './mapping.ts';
import { namesInSource, type SourceInFile, sourceSchema } from './mapping-schema.ts';
import { type Environment, isRecord, type RawSettings } from './overlay.ts';
import { issueInFile, schemaIssues } from './schema-issues.ts';
import { reportSharedNames } from './shared-names.ts';
import { SourceFile } from './source-file.ts';
import { nearest, suggestion } from './suggestion.ts';

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
  return loadConfiguration(readConfigurationInput(file, env, overrides));
}

/** Reads the configuration file, unchecked. */
function readConfigurationInput(
  file: string,
  env: Environment,
  overrides: RawSettings = {},
): Required<ConfigurationInput> {
  try {
    return { text: readFileSync(file, 'utf8'), file, env, overrides };
  } catch (error) {
    const problem = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : 'it cannot be read';
    const remedy = 'name the configuration file with --config FILE; friend-sync.example.yaml is one to begin with';
    throw new ConfigurationError([{ file, line: 0, column: 0, path: '', problem, remedy }]);
  }
}

/** Checks a configuration and resolves it: defaults, then the file, then the environment, then overrides. Frozen. */
export function loadConfiguration(input: ConfigurationInput): Configuration {
  return loadWithLayers(input).configuration;
}

/** The configuration, and what of its settings came from where. */
export function loadWithLayers({ text, file, env, overrides = {} }: ConfigurationInput): {
  configuration: Configuration;
  layers: SettingLayers;
} {
  const source = new SourceFile(file, text);
  if (source.syntaxIssues.length) throw new ConfigurationError(source.syntaxIssues);
  const issues: ConfigurationIssue[] = [];
  const sources = loadSources(source, issues);
  const layers = readLayers(source, env, overrides, issues);
  const settings = resolveSettings(layers, source, issues);
  const targetDatabase = settings ? settings.target.database : 'unknown';
  const mapping = toMapping(sources, targetDatabase, source, issues);
  if (issues.length === 0 && settings) reportSharedNames({ mapping, settings }, source, issues);
  if (issues.length || !settings)
    throw new ConfigurationError(issues.sort((a, b) => a.line - b.line || a.column - b.column));
  return { configuration: frozen({ mapping, settings }), layers };
}

function loadSources(file: SourceFile, issues: ConfigurationIssue[]): Map<number, SourceInFile> {
  const content = isRecord(file.content) ? file.content : {};
  const known = ['sources', 'settings'];
  const unknown = Object.keys(content).filter((name) => !known.includes(name));
  for (const name of unknown) issues.push(file.issue([name], 'is not known', suggestion(name, known), true));
  const sources = new Map<number, SourceInFile>();
  if (!Array.isArray(content.sources) || content.sources.length === 0) {
    const isMisspelt = unknown.some((name) => nearest(name, ['sources']) !== undefined);
    if (!isMisspelt)
      issues.push(file.issue(['sources'], 'lists no source', 'declare at least one source with its copies'));
    return sources;
  }
  for (const [i, item] of content.sources.entries()) {
    const result = sourceSchema.safeParse(item);
    if (result.success) {
      sources.set(i, result.data);
      continue;
    }
    const found = schemaIssues(result.error.issues, ['sources', i], namesInSource, (path) => file.has(path));
    issues.push(...found.map((issue) => issueInFile(issue, file)));
  }
  return sources;
}

function frozen<T>(value: T): T {
  if (isRecord(value) || Array.isArray(value)) {
    for (const inner of Object.values(value)) frozen(inner);
    Object.freeze(value);
  }
  return value;
}
