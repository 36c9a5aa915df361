import type { SourceMapping } from '@friend-sync/connectors';
import type { Command } from 'commander';
import { sourcesOf } from '../arguments.ts';
import { type Context, type Load, withOperations } from '../context.ts';
import { printJson, printTable, talk } from '../output.ts';

/** `friend-sync epoch new`: begin anew where a source cannot be followed from where it was. */
export function addEpoch(program: Command, load: Load): void {
  program
    .command('epoch')
    .description('lives of the change topics')
    .command('new')
    .argument('[source]', 'only this source')
    .description('its connector begins at the present, what the topic holds no longer counts, every row is read again')
    .option('--execute', 'do it; without, only show it')
    .action(async (name: string | undefined, options: { execute?: boolean }, command: Command) => {
      const context = load();
      const sources = sourcesOf(context.configuration, name === undefined ? undefined : [name], command);
      await beginEpochs(context, sources, options.execute ?? false);
    });
}

/** Shows what a new epoch of each of these sources means, or begins it. */
export function beginEpochs(
  { configuration, json }: Context,
  sources: readonly SourceMapping[],
  execute: boolean,
): Promise<void> {
  return withOperations(configuration, async (operations) => {
    const plan = await operations.planEpoch(sources);
    if (execute) await operations.beginEpoch(sources, talk);
    const rows = plan.map(({ source, topic, connector, historyLost = null }) => ({
      source: source.name,
      topic,
      connector,
      historyLost,
    }));
    if (json) return printJson({ sources: rows, executed: execute });
    printTable(
      ['SOURCE', 'TOPIC', 'CONNECTOR', 'NOT FOLLOWED BECAUSE'],
      rows.map((row) => [row.source, row.topic, row.connector, row.historyLost ?? '-']),
    );
    talk(
      execute
        ? 'done: a new epoch has begun, and a daemon reads every row; friend-sync status shows how far it is'
        : 'nothing was changed; add --execute to do it: the connector is stopped for some seconds, then a daemon reads every row',
    );
  });
}
