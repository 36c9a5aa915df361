import type { Command } from 'commander';
import { sourcesOf } from '../arguments.ts';
import { type Load, withOperations } from '../context.ts';
import { print, printJson, printTable, talk } from '../output.ts';

/** `friend-sync epoch new`: begin anew where a topic or the user database is no longer the one that was followed. */
export function addEpoch(program: Command, load: Load): void {
  program
    .command('epoch')
    .description('lives of the change topics')
    .command('new')
    .argument('[source]', 'only this source')
    .description('what the topics hold no longer counts; every row is read again from the user database')
    .option('--execute', 'do it; without, only show it')
    .action(async (name: string | undefined, options: { execute?: boolean }, command: Command) => {
      const { configuration, json } = load();
      const sources = sourcesOf(configuration, name === undefined ? undefined : [name], command);
      await withOperations(configuration, async (operations) => {
        const plan = await operations.planEpoch(sources);
        if (options.execute) await operations.beginEpoch(plan);
        const rows = plan.sources.map(({ source, topic, partitions }) => ({ source: source.name, topic, partitions }));
        const positionLost = plan.positionLost ?? null;
        if (json) return printJson({ sources: rows, positionLost, executed: options.execute ?? false });
        printTable(
          ['SOURCE', 'TOPIC', 'PARTITIONS'],
          rows.map((row) => [row.source, row.topic, row.partitions]),
        );
        if (positionLost !== null)
          print(`the connector begins anew at the user database's present position: ${positionLost}`);
        talk(
          options.execute
            ? 'done: a new epoch has begun, and a daemon reads every row; friend-sync status shows how far it is'
            : 'nothing was changed; add --execute to do it: the connector is stopped for some seconds, then a daemon reads every row',
        );
      });
    });
}
