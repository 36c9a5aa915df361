import type { Mapping } from '../mapping.ts';
import type { Settings } from '../settings.ts';

/** All that an operator decides: the whole configuration file, with the environment and flags applied. */
export interface Configuration {
  readonly mapping: Mapping;
  readonly settings: Settings;
}
