import { describeSettings } from '@friend-sync/connectors';
import type { Command } from 'commander';
import type { Load } from '../context.ts';
import { printJson, printTable } from '../output.ts';

/** `friend-sync settings`: what is in force after defaults, file, environment and flags. Secrets are hidden. */
export function addSettings(program: Command, load: Load): void {
  program
    .command('settings')
    .description('the settings in force, with their environment variables; secrets are hidden')
    .action(() => {
      const { configuration, json } = load();
      const settings = describeSettings(configuration.settings);
      if (json) return printJson(settings);
      printTable(
        ['SETTING', 'VALUE', 'VARIABLE'],
        settings.map(({ path, value, variable }) => [path, value, variable]),
      );
    });
}
