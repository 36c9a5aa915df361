import type { Command } from 'commander';
import { type Load, withOperations } from '../context.ts';
import { printJson, talk } from '../output.ts';
import { sourceAndKeys } from './backfill.ts';

/** `friend-sync mark`: make the copies of some keys equal to the mirror again. */
export function addMark(program: Command, load: Load): void {
  program
    .command('mark')
    .description('make the copies of these keys equal again to what the daemon last heard of them')
    .requiredOption('--keys <key...>', 'these keys, each as it is: a comma or a space belongs to it')
    .option('--source <name>', 'their source; may be left out where there is only one')
    .action(async (options: { keys: string[]; source?: string }, command: Command) => {
      const { configuration, json } = load();
      await withOperations(configuration, async (operations) => {
        const names = options.source === undefined ? undefined : [options.source];
        const { source, keys } = await sourceAndKeys(operations, names, options.keys, command);
        await operations.markPending(source, keys);
        if (json) printJson({ source: source.name, marked: keys.length });
        else talk(`marked ${keys.length} keys of ${source.name}; friend-sync status shows what is pending`);
      });
    });
}
