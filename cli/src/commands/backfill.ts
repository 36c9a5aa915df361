import { type Key, type Operations, parseKey } from '@friend-sync/sync-service';
import type { Command } from 'commander';
import { type Load, withOperations } from '../context.ts';
import { EXIT } from '../exit.ts';
import { printJson, talk } from '../output.ts';
import { sourcesOf } from './offsets.ts';

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
    .option('--wait', 'return when every copy is equal')
    .option('--deadline <seconds>', 'give up waiting after so long', '3600')
    .action(async (options: BackfillOptions, command: Command) => {
      if ((options.all === undefined) === (options.keys === undefined))
        command.error('error: give either --all or --keys');
      const deadlineMs = Number(options.deadline) * 1000;
      if (!(deadlineMs > 0)) command.error(`error: --deadline ${options.deadline} is not a number of seconds`);
      const { configuration, json } = load();
      const sources = sourcesOf(configuration, options.source, command);
      if (options.keys !== undefined && sources.length > 1)
        command.error('error: --keys needs --source: there are several');
      await withOperations(configuration, async (operations) => {
        for (const source of sources) {
          const keys =
            options.keys === undefined ? undefined : await toKeys(operations, source.name, options.keys, command);
          if (!options.wait) await operations.requestBackfill(source, keys);
          else
            await operations.runBackfill(source, keys, deadlineMs, {
              onProgress: (name, type) => talk(`${name}: ${type.toLowerCase()}`),
            });
        }
        if (!options.wait) return talk('asked for; friend-sync status shows what is pending');
        const { parked } = await operations.passBarrier(deadlineMs);
        if (json) printJson({ parked });
        for (const { source, key, reason } of parked) talk(`parked: ${source} ${key}: ${reason}`);
        talk(parked.length ? `done, but ${parked.length} keys could not be written` : 'done: every copy is equal');
        if (parked.length) process.exitCode = EXIT.failed;
      });
    });
}

async function toKeys(operations: Operations, source: string, list: string, command: Command): Promise<Key[]> {
  const kind = (await operations.store()).sources.get(source)?.schema.keyKind ?? 'string';
  return list.split(',').map((text) => {
    try {
      return parseKey(text.trim(), kind);
    } catch {
      return command.error(`error: ${text} is no key of ${source}: its keys are whole numbers`);
    }
  });
}
