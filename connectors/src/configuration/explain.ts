import { describeSettings, type SettingDescription } from './describe.ts';
import { type ConfigurationInput, loadWithLayers } from './load.ts';
import { type Origin, originOf } from './load-settings.ts';

/** A setting and what decides it. */
export interface ExplainedSetting extends SettingDescription {
  /** `default`, the file's name, a variable's name, or `command line`. */
  readonly origin: string;
}

/** Every setting with the value in force and where that comes from; a wrong configuration throws as it does on loading. */
export function explainSettings(input: ConfigurationInput): ExplainedSetting[] {
  const { configuration, layers } = loadWithLayers(input);
  return describeSettings(configuration.settings).map((setting) => ({
    ...setting,
    origin: nameOf(originOf(layers, setting.path.split('.')), input.file),
  }));
}

function nameOf(origin: Origin, file: string): string {
  if (origin.kind === 'environment') return origin.variable;
  if (origin.kind === 'override') return 'command line';
  return origin.kind === 'file' ? file : 'default';
}
