import { Secret } from '../secret.ts';
import { type ConfigurationInput, loadWithLayers } from './load.ts';
import { type Origin, originOf } from './load-settings.ts';
import { settingPaths, settingSchema, valueAt, variableOf } from './overlay.ts';

/** A setting as an operator looks it up. */
export interface SettingDescription {
  /** `source.port` */
  readonly path: string;
  /** The variable that sets it. */
  readonly env: string;
  /** `[hidden]` for a secret; undefined where an optional setting has no value. */
  readonly value: string | undefined;
  /** What decides it: `default`, the file's name, a variable's name, or `command line`. */
  readonly origin: string;
  readonly description: string;
}

/** Every setting with its value and what decides it; throws like {@link loadWithLayers}. */
export function describeSettings(input: ConfigurationInput): SettingDescription[] {
  const { configuration, layers } = loadWithLayers(input);
  return settingPaths().map((path) => ({
    path: path.join('.'),
    env: variableOf(path),
    value: printed(valueAt(configuration.settings, path)),
    origin: nameOf(originOf(layers, path), input.file),
    description: settingSchema(path).description ?? '',
  }));
}

function nameOf(origin: Origin, file: string): string {
  if (origin.kind === 'environment') return origin.variable;
  if (origin.kind === 'override') return 'command line';
  return origin.kind === 'file' ? file : 'default';
}

function printed(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (value instanceof Secret) return value.toString();
  return Array.isArray(value) ? value.join(',') : String(value);
}
