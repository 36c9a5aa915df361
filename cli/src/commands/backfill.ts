import type { SourceMapping } from '@friend-sync/connectors';
import { type Key, type Operations, parseKey } from '@friend-sync/sync-service';
import type { Command } from 'commander';
import { deadlineOf, sourcesOf } from '../arguments.ts';
import { type Load, withOperations } from '../context.ts';
import { EXIT } from '../exit.ts';
import { printJson, talk } from '../output.ts';

interface BackfillOptions {
  readonly all?: boolean;
  readonly source?: string[];
  readonly keys?: string;
  readonly wait?: boolean;
  readonly deadline: string;
}

/** `friend-sync backfill`: read source rows again. The user database is only read. */
export function addBackfill(program: Command, load: Load): void {
  program
    .command('backfill')
    .description('read source rows again, and make their copies equal')
    .option('--all', 'every row')
    .option('--keys <keys>', 'only these keys, separated by commas')
    .option('--source <name...>', 'only these sources')
    .option('--wait', 'return when every copy is equal; without, when the rows have been read')
    .option('--deadline <seconds>', 'give up waiting after so long', '3600')
    .action(async (options: BackfillOptions, command: Command) => {
      if ((options.all === undefined) === (options.keys === undefined))
        command.error('error: give either --all or --keys');
      const deadlineMs = deadlineOf(options, command);
      const { configuration, json } = load();
      await withOperations(configuration, async (operations) => {
        const wanted =
          options.keys === undefined
            ? sourcesOf(configuration, options.source, command).map((source) => ({ source, keys: undefined }))
            : [await sourceAndKeys(operations, options.source, options.keys, command)];
        for (const { source, keys } of wanted)
          await operations.runBackfill(source, keys, deadlineMs, {
            onProgress: (name, type) => talk(`${name}: ${type.toLowerCase()}`),
          });
        if (!options.wait) return talk('every row was read; friend-sync status shows what is pending');
        const { parked } = await operations.passBarrier(deadlineMs);
        if (json) printJson({ parked });
        for (const { source, key, reason } of parked) talk(`parked: ${source} ${key}: ${reason}`);
        talk(parked.length ? `done, but ${parked.length} keys could not be written` : 'done: every copy is equal');
        if (parked.length) process.exitCode = EXIT.failed;
      });
    });
}

/** The one source that is meant, and its keys as the command line spells them. */
export async function sourceAndKeys(
  operations: Operations,
  names: readonly string[] | undefined,
  list: string,
  command: Command,
): Promise<{ source: SourceMapping; keys: Key[] }> {
  const [source, another] = sourcesOf(operations.configuration, names, command);
  if (!source || another) return command.error('error: --keys needs --source: there are several');
  const kind = (await operations.store()).sources.get(source.name)?.schema.keyKind ?? 'string';
  const keys = list.split(',').map((text) => {
    try {
      return parseKey(text.trim(), kind);
    } catch {
      return command.error(`error: ${text} is no key of ${source.name}: its keys are whole numbers`);
    }
  });
  return { source, keys };
}
