import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { settingsSchema } from '../settings.ts';
import type { ConfigurationIssue } from './issue.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'FRIEND_SYNC_';

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

/** The settings that the environment gives, by path; variables that mean nothing are issues. */
export function fromEnvironment(env: Environment, issues: ConfigurationIssue[]): { path: string[]; value: string }[] {
  const paths = new Map(settingPaths().map((path) => [variableOf(path), path]));
  const given: { path: string[]; value: string }[] = [];
  for (const [name, value] of Object.entries(env)) {
    // Without a level, a variable is not a setting: FRIEND_SYNC_CONFIG, FRIEND_SYNC_CACHE.
    if (value === undefined || !name.startsWith(PREFIX) || !name.includes('__')) continue;
    const path = paths.get(name);
    const fileOf = name.endsWith('_FILE') ? paths.get(name.slice(0, -'_FILE'.length)) : undefined;
    if (path) given.push({ path, value });
    else if (fileOf) {
      const content = readSecret(value);
      if (content === undefined)
        issues.push(environmentIssue(name, 'the file it names cannot be read', 'name a file that this user may read'));
      else given.push({ path: fileOf, value: content });
    } else
      issues.push(environmentIssue(name, 'is no setting', 'correct or unset it; friend-sync settings lists them all'));
  }
  return given;
}

export function environmentIssue(name: string, problem: string, remedy: string): ConfigurationIssue {
  return { file: 'environment', line: 0, column: 0, path: name, problem, remedy };
}

function readSecret(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch {
    return undefined;
  }
}

/** A copy of `settings` with one value set. */
export function withValue(settings: RawSettings, [name = '', ...rest]: readonly string[], value: unknown): RawSettings {
  const inner = settings[name];
  return { ...settings, [name]: rest.length ? withValue(isRecord(inner) ? inner : {}, rest, value) : value };
}

/** A copy of `base` in which what `over` has takes precedence, part by part. */
export function merged(base: RawSettings, over: RawSettings): RawSettings {
  const result = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const inner = result[name];
    result[name] = isRecord(value) && isRecord(inner) ? merged(inner, value) : value;
  }
  return result;
}

export function isRecord(value: unknown): value is RawSettings {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
