import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { settingsSchema } from '../settings.ts';
import type { ConfigurationIssue } from './issue.ts';
import { nearest } from './suggestion.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'FRIEND_SYNC_';
const FILE_SUFFIX = '_FILE';
const ALL_LISTED = 'correct or unset it; friend-sync settings lists them all';

/** A settings object, part by part, as it is written in a file or put together from variables. */
export type RawSettings = { [name: string]: RawSettings | unknown };

/** Paths of all settings, in the schema's order. */
export function settingPaths(schema: z.ZodType = settingsSchema): string[][] {
  const object = innerObject(schema);
  if (!object) return [[]];
  return Object.entries(object.shape).flatMap(([name, inner]) =>
    settingPaths(inner as z.ZodType).map((rest) => [name, ...rest]),
  );
}

/** Paths of the settings' groups, the outermost (all settings) first. */
export function sectionPaths(): string[][] {
  const outer = settingPaths().flatMap((path) => path.map((_, length) => path.slice(0, length)));
  return [...new Map(outer.map((path) => [path.join('.'), path])).values()];
}

/** The schema at a path. */
export function settingSchema(path: readonly string[]): z.ZodType {
  return path.reduce<z.ZodType>((schema, name) => innerObject(schema)?.shape[name] as z.ZodType, settingsSchema);
}

function innerObject(schema: z.ZodType): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema;
  const inner = (schema.def as { innerType?: z.ZodType }).innerType;
  return inner && innerObject(inner);
}

/** `source.password` is `FRIEND_SYNC_SOURCE__PASSWORD`. */
export function variableOf(path: readonly string[]): string {
  return PREFIX + path.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()).join('__');
}

/** A setting that a variable gives. */
export interface GivenVariable {
  readonly path: readonly string[];
  /** The variable, as it was set: `…_FILE` where that was used. */
  readonly variable: string;
  readonly value: string;
}

/** The settings that the environment gives, by path; variables that mean nothing are issues. */
export function fromEnvironment(env: Environment, issues: ConfigurationIssue[]): GivenVariable[] {
  const paths = new Map(settingPaths().map((path) => [variableOf(path), path]));
  const given: GivenVariable[] = [];
  for (const [variable, value] of Object.entries(env)) {
    // Without a level, a variable is not a setting: FRIEND_SYNC_CONFIG, FRIEND_SYNC_CACHE.
    if (value === undefined || !variable.startsWith(PREFIX) || !variable.includes('__')) continue;
    const path = paths.get(variable);
    const fileOf = variable.endsWith(FILE_SUFFIX) ? variable.slice(0, -FILE_SUFFIX.length) : '';
    const pathOfFile = paths.get(fileOf);
    if (path) given.push({ path, variable, value });
    else if (pathOfFile && env[fileOf] !== undefined)
      issues.push(environmentIssue(variable, `${fileOf} is set as well`, 'unset one of the two'));
    else if (pathOfFile) {
      const content = readSecret(value);
      // What is no file may be the password itself.
      const file = existsSync(value) ? value : 'the file it names';
      if (content === undefined)
        issues.push(
          environmentIssue(variable, `${file} cannot be read`, 'let this user read it, or name another file'),
        );
      else if (content === '') issues.push(environmentIssue(variable, `${file} is empty`, 'write the value into it'));
      else given.push({ path: pathOfFile, variable, value: content });
    } else {
      const meant = nearest(
        variable.slice(PREFIX.length),
        [...paths.keys()].map((name) => name.slice(PREFIX.length)),
      );
      issues.push(environmentIssue(variable, 'is no setting', meant ? `did you mean ${PREFIX}${meant}?` : ALL_LISTED));
    }
  }
  return given;
}

export function environmentIssue(name: string, problem: string, remedy: string): ConfigurationIssue {
  return { file: 'environment', line: 0, column: 0, path: name, problem, remedy };
}

function readSecret(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').replace(/[\r\n]+$/, '');
  } catch {
    return undefined;
  }
}

/** A copy of `settings` with one value set. */
export function withValue(settings: RawSettings, [name = '', ...rest]: readonly string[], value: unknown): RawSettings {
  const inner = settings[name];
  return { ...settings, [name]: rest.length ? withValue(isRecord(inner) ? inner : {}, rest, value) : value };
}

/** A copy of `settings` without one value. */
export function withoutValue(settings: RawSettings, [name = '', ...rest]: readonly string[]): RawSettings {
  const { [name]: inner, ...others } = settings;
  return rest.length && isRecord(inner) ? { ...others, [name]: withoutValue(inner, rest) } : others;
}

export function hasValue(settings: unknown, path: readonly PropertyKey[]): boolean {
  return valueAt(settings, path) !== undefined;
}

export function valueAt(settings: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, name) => (isRecord(value) && Object.hasOwn(value, name) ? value[String(name)] : undefined),
    settings,
  );
}

/** A copy of `base` in which what `over` has takes precedence, part by part. */
export function merged(base: RawSettings, over: RawSettings): RawSettings {
  const result = { ...base };
  for (const [name, value] of Object.entries(over)) {
    // A flag that was not given.
    if (value === undefined) continue;
    const inner = result[name];
    result[name] = isRecord(value) && isRecord(inner) ? merged(inner, value) : value;
  }
  return result;
}

export function isRecord(value: unknown): value is RawSettings {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
