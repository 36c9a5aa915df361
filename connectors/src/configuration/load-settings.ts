import { type Settings, settingsSchema } from '../settings.ts';
import type { ConfigurationIssue } from './issue.ts';
import {
  type Environment,
  environmentIssue,
  fromEnvironment,
  type GivenVariable,
  hasValue,
  isRecord,
  merged,
  type RawSettings,
  sectionPaths,
  settingPaths,
  valueAt,
  variableOf,
  withoutValue,
  withValue,
} from './overlay.ts';
import { issueInFile, type SchemaIssue, schemaIssues } from './schema-issues.ts';
import type { Path, SourceFile } from './source-file.ts';

/** Where settings come from, the weakest first; behind them all stand the defaults. */
export interface SettingLayers {
  readonly file: RawSettings;
  readonly variables: readonly GivenVariable[];
  readonly overrides: RawSettings;
}

/** Which layer decides a setting. */
export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file' }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'override' };

export function readLayers(
  source: SourceFile,
  env: Environment,
  overrides: RawSettings,
  issues: ConfigurationIssue[],
): SettingLayers {
  return { file: fromFile(source, issues), variables: fromEnvironment(env, issues), overrides };
}

export function originOf({ file, variables, overrides }: SettingLayers, path: readonly PropertyKey[]): Origin {
  if (hasValue(overrides, path)) return { kind: 'override' };
  const given = variables.find((variable) => variable.path.every((name, i) => name === path[i]));
  if (given) return { kind: 'environment', variable: given.variable };
  return hasValue(file, path) ? { kind: 'file' } : { kind: 'default' };
}

/** The settings of all layers; undefined where the schema refuses them. */
export function resolveSettings(
  layers: SettingLayers,
  source: SourceFile,
  issues: ConfigurationIssue[],
): Settings | undefined {
  const { file, variables, overrides } = layers;
  const given = variables.reduce((settings, { path, value }) => withValue(settings, path, value), file);
  const result = settingsSchema.safeParse(merged(given, overrides));
  if (result.success) return result.data;
  const has = (path: Path) => originOf(layers, path).kind !== 'default';
  for (const issue of schemaIssues(result.error.issues, [], namesInside, has))
    issues.push(settingIssue(issue, originOf(layers, issue.path), source));
  return undefined;
}

function settingIssue(issue: SchemaIssue, origin: Origin, source: SourceFile): ConfigurationIssue {
  if (origin.kind === 'environment' && issue.kind === 'wrong')
    return environmentIssue(origin.variable, issue.problem, 'correct or unset it');
  if (origin.kind === 'override') {
    const problem = issue.kind === 'unknown' ? 'is not known' : issue.problem;
    const path = ['settings', ...issue.path].join('.');
    return { file: 'command line', line: 0, column: 0, path, problem, remedy: 'correct the flag' };
  }
  const inFile = issueInFile({ ...issue, path: ['settings', ...issue.path] }, source);
  if (origin.kind === 'file') return inFile;
  return { ...inFile, remedy: `${inFile.remedy}, or set ${variableOf(issue.path.map(String))}` };
}

/** The file's part, whose shape is right: its sections are maps, and it has no password. */
function fromFile(source: SourceFile, issues: ConfigurationIssue[]): RawSettings {
  const content = isRecord(source.content) ? source.content : {};
  let settings: RawSettings = { settings: content.settings };
  for (const section of sectionPaths()) {
    const path = ['settings', ...section];
    const value = valueAt(settings, path);
    if (value === undefined || isRecord(value)) continue;
    // All its settings may be commented out.
    if (value !== null) issues.push(source.issue(path, 'is no map of settings', 'correct it'));
    settings = withoutValue(settings, path);
  }
  for (const path of settingPaths().filter((path) => path.at(-1) === 'password')) {
    const inFile = ['settings', ...path];
    if (!hasValue(settings, inFile)) continue;
    const remedy = `remove it and set ${variableOf(path)} or ${variableOf(path)}_FILE`;
    issues.push(source.issue(inFile, 'a password does not belong in this file', remedy, true));
    settings = withoutValue(settings, inFile);
  }
  return isRecord(settings.settings) ? settings.settings : {};
}

function namesInside(path: Path): string[] {
  const inside = settingPaths().filter((setting) => path.every((name, i) => setting[i] === name));
  return [...new Set(inside.flatMap((setting) => setting[path.length] ?? []))];
}
