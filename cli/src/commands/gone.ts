import type { Command } from 'commander';
import { sourcesOf } from '../arguments.ts';
import { type Load, withOperations } from '../context.ts';
import { printJson, printTable, talk } from '../output.ts';

/** `friend-sync gone`: rows that the source lacks although no message told of their deletion, more than a few. */
export function addGone(program: Command, load: Load): void {
  program
    .command('gone')
    .argument('[source]', 'only this source')
    .description(
      'rows that are gone from a source unheard of; with --execute they count as deleted, and get what onDelete says',
    )
    .option('--execute', 'do it; without, only show how many they are')
    .action(async (name: string | undefined, { execute = false }: { execute?: boolean }, command: Command) => {
      const { configuration, json } = load();
      const sources = sourcesOf(configuration, name === undefined ? undefined : [name], command);
      await withOperations(configuration, async (operations) => {
        const rounds = await operations.rounds();
        const found = sources.map((source) => ({ source, gone: rounds[source.name]?.goneKeys ?? 0 }));
        const confirmed = execute ? found.filter(({ gone }) => gone > 0) : [];
        for (const { source, gone } of confirmed) await operations.requestRound(source, { takesGone: gone });
        const rows = found.map(({ source, gone }) => ({ source: source.name, gone }));
        if (json) return printJson({ sources: rows, executed: execute });
        printTable(
          ['SOURCE', 'GONE'],
          rows.map((row) => [row.source, row.gone]),
        );
        if (rows.every(({ gone }) => gone === 0)) talk('nothing to decide');
        else
          talk(
            execute
              ? 'confirmed: a daemon looks for them once more and gives their copies what onDelete says, unless more are gone by then'
              : 'nothing was changed; add --execute if they were meant to be deleted',
          );
      });
    });
}
