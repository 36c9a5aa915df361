import type { SourceMapping } from '@friend-sync/connectors';
import { type BarrierResult, type Key, type Operations, parseKey, type RoundReport } from '@friend-sync/sync-service';
import type { Command } from 'commander';
import { deadlineOf, sourcesOf } from '../arguments.ts';
import { type Load, withOperations } from '../context.ts';
import { EXIT } from '../exit.ts';
import { printJson, talk, tellParked, tellWait } from '../output.ts';
import { describeRound } from '../round.ts';

interface BackfillOptions {
  readonly all?: boolean;
  readonly source?: string[];
  readonly keys?: string[];
  readonly wait?: boolean;
  readonly deadline: string;
}

/** `friend-sync backfill`: read source rows again. The user database is only read. */
export function addBackfill(program: Command, load: Load): void {
  program
    .command('backfill')
    .description('read source rows again, and make their copies equal')
    .option('--all', 'every row')
    .option('--keys <key...>', 'only these keys, each as it is: a comma or a space belongs to it')
    .option('--source <name...>', 'only these sources')
    .option('--wait', 'return when every copy is equal; without, once it is asked for')
    .option('--deadline <seconds>', 'give up waiting after so long', '3600')
    .action(async (options: BackfillOptions, command: Command) => {
      if ((options.all === undefined) === (options.keys === undefined))
        command.error('error: give either --all or --keys');
      const deadlineMs = deadlineOf(options, command);
      const { configuration, json } = load();
      await withOperations(configuration, async (operations) => {
        const sources = sourcesOf(configuration, options.source, command);
        if (options.keys !== undefined) {
          const { source, keys } = await sourceAndKeys(operations, options.source, options.keys, command);
          await operations.requestReads(source, keys);
        } else {
          const tickets = [];
          for (const source of sources) tickets.push(await operations.requestRound(source));
          if (options.wait)
            await operations.awaitRounds(tickets, deadlineMs, { onProgress: progressBar(), onWait: tellWait });
        }
        if (!options.wait) return talk('asked for; a daemon reads the rows, friend-sync status shows how far it is');
        const names = sources.map(({ name }) => name);
        const outcome = await operations.passBarrier(deadlineMs, tellWait, sources);
        tellOutcome(names, outcome, await operations.rounds(), json);
      });
    });
}

/** Of these sources alone: what others leave unequal is not what was asked for. */
function tellOutcome(
  names: readonly string[],
  { parked: allParked, parkedCounts, held }: BarrierResult,
  rounds: Readonly<Record<string, RoundReport>>,
  json: boolean,
): void {
  const parked = allParked.filter(({ source }) => names.includes(source));
  const parkedCount = names.reduce((sum, name) => sum + (parkedCounts[name] ?? 0), 0);
  const gone = names.reduce((sum, name) => sum + (rounds[name]?.goneKeys ?? 0), 0);
  if (json) printJson({ parked, parkedCount, gone, held });
  tellParked(parked, parkedCount);
  if (parkedCount > 0) talk(`done, but ${parkedCount} keys could not be written`);
  for (const { source, copy, problem } of held) talk(`held: ${copy} of ${source}: ${problem}`);
  if (held.length > 0) talk(`done, but ${held.length} copies are held, and are as they were`);
  if (gone > 0) talk(`done, but ${gone} rows are gone unheard of, and their copies are as they were: friend-sync gone`);
  if (parkedCount + gone + held.length > 0) process.exitCode = EXIT.failed;
  else talk('done: every copy is equal');
}

/** Tells of each leg once, and every ten seconds how far it is. */
export function progressBar(): (source: string, report: RoundReport) => void {
  let told = '';
  return (source, report) => {
    const { leg = 'waiting', seconds } = report;
    const line = `${source}: ${leg}`;
    const stamp = `${line} ${Math.floor(seconds / 10)}`;
    if (stamp === told) return;
    told = stamp;
    talk(`${line}, ${describeRound(report)}`);
  };
}

/** The one source that is meant, and its keys as the command line spells them. */
export async function sourceAndKeys(
  operations: Operations,
  names: readonly string[] | undefined,
  texts: readonly string[],
  command: Command,
): Promise<{ source: SourceMapping; keys: Key[] }> {
  const [source, another] = sourcesOf(operations.configuration, names, command);
  if (!source || another) return command.error('error: --keys needs --source: there are several');
  const kind = (await operations.store()).sources.get(source.name)?.schema.keyKind ?? 'string';
  const keys = texts.map((text) => {
    try {
      return parseKey(text, kind);
    } catch {
      return command.error(`error: ${text} is no key of ${source.name}: its keys are whole numbers`);
    }
  });
  return { source, keys };
}
