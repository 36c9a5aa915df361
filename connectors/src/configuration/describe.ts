import { Secret } from '../secret.ts';
import type { Settings } from '../settings.ts';
import { settingPaths, settingSchema, variableOf } from './overlay.ts';

export interface SettingDescription {
  readonly path: string;
  /** The environment variable that overrides it. */
  readonly variable: string;
  /** As text; a secret is `[hidden]`, what is not set is empty. */
  readonly value: string;
  readonly description: string;
}

/** Every setting with the value in force. */
export function describeSettings(settings: Settings): SettingDescription[] {
  return settingPaths().map((path) => ({
    path: path.join('.'),
    variable: variableOf(path),
    value: textOf(
      path.reduce<unknown>((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], settings),
    ),
    description: settingSchema(path).description ?? '',
  }));
}

function textOf(value: unknown): string {
  if (value === undefined || (value instanceof Secret && value.reveal() === '')) return '';
  return Array.isArray(value) ? value.join(',') : String(value);
}
