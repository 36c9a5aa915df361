import { readFileSync } from 'node:fs';
import { describeReset, exportOffsets, importOffsets, type OffsetTarget } from '@friend-sync/sync-service';
import type { Command } from 'commander';
import { momentOf, sourcesOf } from '../arguments.ts';
import { type Load, withOperations } from '../context.ts';
import { print, printJson, printTable, talk } from '../output.ts';

interface ResetOptions {
  readonly toEarliest?: boolean;
  readonly toLatest?: boolean;
  readonly toOffset?: string;
  readonly toDatetime?: string;
  readonly byDuration?: string;
  readonly shiftBy?: string;
  readonly fromFile?: string;
  readonly source?: string[];
  readonly topic?: string[];
  readonly thenBackfill?: boolean;
  readonly acceptLoss?: boolean;
  readonly export?: boolean;
  readonly execute?: boolean;
}

const EXAMPLES = `
Examples:
  friend-sync offsets reset --to-earliest                                  what reading everything again would mean
  friend-sync offsets reset --by-duration PT2H --execute                   read the last two hours again
  friend-sync offsets reset --topic friend-sync.shop.customer:0,1 --shift-by -500 --execute
  friend-sync offsets reset --to-latest --then-backfill --execute          leave a backlog unread, and read the rows instead
  friend-sync offsets reset --shift-by 0 --export > offsets.csv            keep where it stands, for --from-file`;

/** `friend-sync offsets …`: how far the change topics have been ingested. The friend database holds the truth. */
export function addOffsets(program: Command, load: Load): void {
  const group = program.command('offsets').description('how far the change topics have been ingested');

  addShow(group, load);

  group
    .command('reset')
    .description(
      'read on from elsewhere; the daemon need not be stopped. A rewind makes every key it passes equal again, and takes no copy back',
    )
    .option('--to-earliest', "to each partition's first offset")
    .option('--to-latest', 'to the end: skips what has not been read')
    .option('--to-offset <n>', 'to this offset in every partition')
    .option('--to-datetime <iso>', 'to the first record of this moment or later, e.g. 2026-01-31T12:00:00Z')
    .option('--by-duration <iso>', 'to the first record that is no older than this, e.g. P1DT12H or PT30M')
    .option('--shift-by <n>', 'by so many offsets forward, or back if negative')
    .option('--from-file <csv>', 'to the offsets in this file: topic,partition,offset, as --export prints them')
    .option('--source <name...>', 'only these sources')
    .option('--topic <topic...>', 'only these change topics, or some partitions of them: topic:0,1')
    .option('--then-backfill', 'where changes are skipped, read every row of the source afterwards')
    .option('--accept-loss', 'where changes are skipped, leave them to the next round of the patrol')
    .option('--export', 'print the new offsets as CSV, and do nothing')
    .option('--execute', 'do it; without, only show it')
    .addHelpText('after', EXAMPLES)
    .action(async (options: ResetOptions, command: Command) => {
      const target = targetOf(options, command);
      if (options.execute && options.export) command.error('error: --export does nothing; leave out --execute');
      if (options.thenBackfill && options.acceptLoss)
        command.error('error: give one of --then-backfill and --accept-loss');
      const { configuration, json } = load();
      const sources = sourcesOf(configuration, options.source, command);
      await withOperations(configuration, async (operations) => {
        const topics = topicsOf(options.topic, operations.topics, command);
        const moves = await operations.planReset(sources, target, topics);
        if (options.export) return print(exportOffsets(moves));
        const skipping = options.thenBackfill ? 'backfill' : options.acceptLoss ? 'accept loss' : undefined;
        if (!json) {
          const rows = moves.map((m) => [m.topic, m.partition, m.from, m.to, m.to - m.from]);
          printTable(['TOPIC', 'PARTITION', 'CURRENT-OFFSET', 'NEW-OFFSET', 'BY'], rows);
          for (const sentence of describeReset(moves)) print(sentence);
        }
        if (options.execute) await operations.executeReset(moves, skipping);
        if (json) printJson({ moves, plan: describeReset(moves), executed: options.execute ?? false });
        else
          talk(
            options.execute
              ? 'done; a running daemon follows within seconds'
              : 'nothing was changed; add --execute to do it',
          );
      });
    });
}

function addShow(group: Command, load: Load): void {
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
}

const TARGETS = [
  '--to-earliest',
  '--to-latest',
  '--to-offset',
  '--to-datetime',
  '--by-duration',
  '--shift-by',
  '--from-file',
];

function targetOf(options: ResetOptions, command: Command): OffsetTarget {
  const { toEarliest, toLatest, toOffset, toDatetime, byDuration, shiftBy, fromFile } = options;
  const given = [toEarliest, toLatest, toOffset, toDatetime, byDuration, shiftBy, fromFile];
  if (given.filter((option) => option !== undefined).length !== 1)
    command.error(`error: give exactly one of ${TARGETS.join(', ')}`);
  if (toEarliest) return { kind: 'earliest' };
  if (toLatest) return { kind: 'latest' };
  if (toOffset !== undefined) {
    if (!/^\d+$/.test(toOffset)) command.error(`error: --to-offset ${toOffset} is not an offset; give a whole number`);
    return { kind: 'offset', offset: BigInt(toOffset) };
  }
  if (shiftBy !== undefined) {
    if (!/^[+-]?\d+$/.test(shiftBy)) command.error(`error: --shift-by ${shiftBy} is not a whole number`);
    return { kind: 'shift', by: BigInt(shiftBy.replace('+', '')) };
  }
  if (byDuration !== undefined) return { kind: 'datetime', atMs: Date.now() - durationOf(byDuration, command) };
  if (fromFile !== undefined) return listedIn(fromFile, options, command);
  return { kind: 'datetime', atMs: momentOf('--to-datetime', toDatetime ?? '', command) };
}

/** A duration as ISO 8601 and Java write it. */
function durationOf(text: string, command: Command): number {
  const found = text.match(/^P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/);
  if (!found) return command.error(`error: --by-duration ${text} is not a duration; write it as P1DT12H or PT30M`);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = found.slice(1).map((digits) => Number(digits ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

function listedIn(file: string, { source, topic }: ResetOptions, command: Command): OffsetTarget {
  if (source ?? topic) command.error('error: --from-file names the partitions; leave out --source and --topic');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return command.error(`error: --from-file ${file} cannot be read`);
  }
  return importOffsets(text);
}

/** `topic` or `topic:0,1`, as Kafka's own tool takes it. */
function topicsOf(
  texts: readonly string[] | undefined,
  known: readonly string[],
  command: Command,
): ReadonlyMap<string, readonly number[] | undefined> | undefined {
  const topics = texts?.map((text): [string, readonly number[] | undefined] => {
    const [, topic = '', partitions] = text.match(/^([^:]+)(?::(\d+(?:,\d+)*))?$/) ?? [];
    if (!known.includes(topic))
      command.error(
        `error: ${text} is no change topic of the configuration, nor topic:0,1; there is ${known.join(', ')}`,
      );
    return [topic, partitions?.split(',').map(Number)];
  });
  return topics && new Map(topics);
}
