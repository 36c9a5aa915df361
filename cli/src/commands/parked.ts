import { readParked, retryParked, type SourceStore, type Store } from '@friend-sync/sync-service';
import type { Command } from 'commander';
import { sourcesOf } from '../arguments.ts';
import { type Context, type Load, withOperations } from '../context.ts';
import { printJson, printTable, talk } from '../output.ts';

/** `friend-sync parked …`: keys that a target, or the mirror, refuses. */
export function addParked(program: Command, load: Load): void {
  const group = program.command('parked').description('keys whose values a target table, or the mirror, refuses');

  group
    .command('list')
    .description('which they are, since when they wait, and why; of very many of a source the first 100')
    .option('--source <name...>', 'only these sources')
    .action(async (options: { source?: string[] }, command: Command) => {
      const context = load();
      const { parked, parkedCounts } = await withSources(context, options.source, command, readParked);
      if (context.json) return printJson({ parked, parkedCounts });
      printTable(
        ['SOURCE', 'KEY', 'SINCE', 'REASON'],
        parked.map(({ source, key, since, reason }) => [source, key, since, reason]),
      );
      const count = Object.values(parkedCounts).reduce((sum, n) => sum + n, 0);
      if (count > parked.length) talk(`${count - parked.length} more`);
    });

  group
    .command('retry')
    .description('have them tried again at once, as after a change of the table that refuses them')
    .option('--source <name...>', 'only these sources')
    .action(async (options: { source?: string[] }, command: Command) => {
      const context = load();
      const retried = await withSources(context, options.source, command, async ({ database, sources }) => {
        const counts = [...sources].map(async ([name, source]) => [name, await retryParked(database, source)] as const);
        return Object.fromEntries(await Promise.all(counts));
      });
      if (context.json) return printJson(retried);
      for (const [name, count] of Object.entries(retried)) talk(`${name}: ${count} keys are tried again`);
    });
}

/** What becomes of these sources, or of all. */
function withSources<T>(
  { configuration }: Context,
  names: readonly string[] | undefined,
  command: Command,
  work: (store: Pick<Store, 'database' | 'sources'>) => Promise<T>,
): Promise<T> {
  const wanted = sourcesOf(configuration, names, command).map(({ name }) => name);
  return withOperations(configuration, async (operations) => {
    const { database, sources } = await operations.store();
    const some = [...sources].filter(([name]) => wanted.includes(name));
    return work({ database, sources: new Map<string, SourceStore>(some) });
  });
}
