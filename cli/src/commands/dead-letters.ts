import type { SourceMapping } from '@friend-sync/connectors';
import type { ListedLetter, Operations } from '@friend-sync/sync-service';
import type { Command } from 'commander';
import { sourcesOf } from '../arguments.ts';
import { type Load, withOperations } from '../context.ts';
import { printJson, printTable, talk } from '../output.ts';

/** `friend-sync dead-letters …`: messages that could not be decoded. */
export function addDeadLetters(program: Command, load: Load): void {
  const group = program.command('dead-letters').description('messages that could not be decoded');

  group
    .command('list')
    .description('which they are, and why; never what is in them')
    .option('--source <name...>', 'only these sources')
    .action(async (options: { source?: string[] }, command: Command) => {
      const { configuration, json } = load();
      await withOperations(configuration, async (operations) => {
        const found = await read(operations, sourcesOf(configuration, options.source, command));
        const letters = found.flatMap(({ letters }) => letters);
        if (json) return printJson(letters);
        printTable(
          ['SOURCE', 'PARTITION', 'OFFSET', 'KEY', 'AT', 'REASON'],
          letters.map((l) => [l.source, l.partition, l.offset, l.key ?? '-', l.at.toISOString(), l.reason]),
        );
      });
    });

  group
    .command('replay')
    .description('read the source rows of their keys again; an old dead letter changes nothing')
    .option('--source <name...>', 'only these sources')
    .option('--execute', 'do it; without, only show it')
    .action(async (options: { source?: string[]; execute?: boolean }, command: Command) => {
      const { configuration, json } = load();
      await withOperations(configuration, async (operations) => {
        const plan = (await read(operations, sourcesOf(configuration, options.source, command))).map(
          ({ source, letters }) => {
            const keys = new Set(letters.map(({ key }) => key).filter((key) => key !== undefined));
            return { source, keys: [...keys], withoutKey: letters.filter(({ key }) => key === undefined).length };
          },
        );
        if (options.execute) for (const { source, keys } of plan) await operations.requestReads(source, keys);
        const rows = plan.map(({ source, keys, withoutKey }) => ({
          source: source.name,
          keys: keys.length,
          withoutKey,
        }));
        if (json) return printJson({ sources: rows, executed: options.execute ?? false });
        printTable(
          ['SOURCE', 'KEYS', 'WITHOUT-KEY'],
          rows.map((row) => [row.source, row.keys, row.withoutKey]),
        );
        talk(
          options.execute
            ? 'the daemon reads these rows; friend-sync status shows what is left'
            : 'nothing was changed; add --execute to do it. What has no readable key needs backfill --all',
        );
      });
    });
}

function read(
  operations: Operations,
  sources: readonly SourceMapping[],
): Promise<{ source: SourceMapping; letters: ListedLetter[] }[]> {
  return Promise.all(sources.map(async (source) => ({ source, letters: await operations.deadLetters(source) })));
}
