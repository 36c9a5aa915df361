import type { OffsetTarget } from '@friend-sync/sync-service';
import type { Command } from 'commander';
import { sourcesOf } from '../arguments.ts';
import { type Load, withOperations } from '../context.ts';
import { print, printJson, printTable, talk } from '../output.ts';

interface ResetOptions {
  readonly toEarliest?: boolean;
  readonly toLatest?: boolean;
  readonly toOffset?: string;
  readonly toDatetime?: string;
  readonly source?: string[];
  readonly execute?: boolean;
}

/** `friend-sync offsets …`: how far the change topics have been ingested. The friend database holds the truth. */
export function addOffsets(program: Command, load: Load): void {
  const group = program.command('offsets').description('how far the change topics have been ingested');

  group
    .command('show')
    .description('current and end offset of every partition')
    .action(async () => {
      const { configuration, json } = load();
      const progress = await withOperations(configuration, (operations) => operations.progress());
      if (json) return printJson(progress);
      const rows = progress.map((p) => [p.topic, p.partition, p.epoch, p.nextOffset, p.endOffset, p.lag]);
      printTable(['TOPIC', 'PARTITION', 'EPOCH', 'CURRENT-OFFSET', 'LOG-END-OFFSET', 'LAG'], rows);
    });

  group
    .command('reset')
    .description(
      'read on from elsewhere; the daemon need not be stopped. A rewind makes every key it passes equal again',
    )
    .option('--to-earliest', "to each partition's first offset")
    .option('--to-latest', 'to the end: skips what has not been read')
    .option('--to-offset <n>', 'to this offset in every partition')
    .option('--to-datetime <iso>', 'to the first record of this moment or later, e.g. 2026-01-31T12:00:00Z')
    .option('--source <name...>', 'only these sources')
    .option('--execute', 'do it; without, only show it')
    .action(async (options: ResetOptions, command: Command) => {
      const target = targetOf(options, command);
      const { configuration, json } = load();
      const sources = sourcesOf(configuration, options.source, command);
      await withOperations(configuration, async (operations) => {
        const moves = await operations.planReset(sources, target);
        if (options.execute) await operations.executeReset(moves);
        if (json) return printJson({ moves, executed: options.execute ?? false });
        printTable(
          ['TOPIC', 'PARTITION', 'CURRENT-OFFSET', 'NEW-OFFSET'],
          moves.map((m) => [m.topic, m.partition, m.from, m.to]),
        );
        if (moves.length === 0) print('nothing to move');
        else
          talk(
            options.execute
              ? 'done; a running daemon follows within seconds'
              : 'nothing was changed; add --execute to do it',
          );
      });
    });
}

function targetOf({ toEarliest, toLatest, toOffset, toDatetime }: ResetOptions, command: Command): OffsetTarget {
  const given = [toEarliest, toLatest, toOffset, toDatetime].filter((option) => option !== undefined);
  if (given.length !== 1)
    command.error('error: give exactly one of --to-earliest, --to-latest, --to-offset, --to-datetime');
  if (toEarliest) return { kind: 'earliest' };
  if (toLatest) return { kind: 'latest' };
  if (toOffset !== undefined) {
    if (!/^\d+$/.test(toOffset)) command.error(`error: --to-offset ${toOffset} is not an offset; give a whole number`);
    return { kind: 'offset', offset: BigInt(toOffset) };
  }
  const atMs = Date.parse(toDatetime ?? '');
  if (Number.isNaN(atMs))
    command.error(`error: --to-datetime ${toDatetime} is not a moment; write it as 2026-01-31T12:00:00Z`);
  return { kind: 'datetime', atMs };
}
