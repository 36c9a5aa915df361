import type { SourceMapping } from '@friend-sync/connectors';
import {
  type BarrierResult,
  findObstacles,
  type Key,
  keysWhere,
  type Operations,
  parseKey,
  type RoundReport,
} from '@friend-sync/sync-service';
import type { Command } from 'commander';
import { deadlineOf, sourcesOf } from '../arguments.ts';
import { type Load, withOperations } from '../context.ts';
import { EXIT } from '../exit.ts';
import { keysOfFile } from '../keys-file.ts';
import { printJson, progress, talk, tellParked, tellWait } from '../output.ts';
import { describeRound } from '../round.ts';
import { addRoundControls } from './round-controls.ts';

/** In characters, of any source. */
const LONGEST_KEY = 255;

interface BackfillOptions {
  readonly all?: boolean;
  readonly source?: string[];
  readonly keys?: string[];
  readonly keysFile?: string;
  readonly where?: string;
  readonly wait?: boolean;
  readonly deadline: string;
}

/** `friend-sync backfill`: read source rows again. The user database is only read. */
export function addBackfill(program: Command, load: Load): void {
  const backfill = program
    .command('backfill')
    .description('read source rows again, and make their copies equal')
    .option('--all', 'every row')
    .option('--keys <key...>', 'only these keys, each as it is: a comma or a space belongs to it')
    .option('--keys-file <file>', 'only the keys in this file, one a line, each as it is; - reads stdin')
    .option('--where <condition>', 'only the rows that meet this SQL condition, by columns that we may read')
    .option('--source <name...>', 'only these sources')
    .option('--wait', 'return when every copy is equal; without, once it is asked for')
    .option('--deadline <seconds>', 'give up waiting after so long', '3600')
    .action(async (options: BackfillOptions, command: Command) => {
      const { all, keys, keysFile, where, wait } = options;
      if ([all, keys, keysFile, where].filter((given) => given !== undefined).length !== 1)
        command.error('error: give exactly one of --all, --keys, --keys-file, --where');
      const deadlineMs = deadlineOf(options, command);
      const { configuration, json } = load();
      await withOperations(configuration, async (operations) => {
        const sources = all
          ? sourcesOf(configuration, options.source, command)
          : [sourceOf(operations, options.source, command)];
        const obstacles = await findObstacles(
          operations.servers,
          await operations.store(),
          sources,
          all ? 'rounds' : 'keys',
        );
        for (const obstacle of obstacles) talk(`nothing is read before this is mended: ${obstacle}`);
        if (all) {
          const tickets = [];
          for (const source of sources) tickets.push(await operations.requestRound(source));
          if (wait) await operations.awaitRounds(tickets, deadlineMs, { onProgress: progressBar(), onWait: tellWait });
        } else {
          const asked = await requestKeys(operations, options, command);
          if (asked === 0) return talk('there is no such row, and nothing is asked for');
          talk(`${asked} keys are asked for`);
        }
        if (!wait) return talk('asked for; a daemon reads the rows, friend-sync status shows how far it is');
        const names = sources.map(({ name }) => name);
        const outcome = await operations.passBarrier(deadlineMs, tellWait, sources);
        tellOutcome(names, outcome, await operations.rounds(), json);
      });
    });
  addRoundControls(backfill, load);
}

/** Asks for the rows of the keys that are meant; returns how many they are. */
async function requestKeys(operations: Operations, options: BackfillOptions, command: Command): Promise<number> {
  const source = sourceOf(operations, options.source, command);
  const toKey = await keyReader(operations, source);
  const tell = progress();
  const onAsked = (keys: number) => tell(() => `${keys} keys are asked for so far`);
  const pages = async (): Promise<readonly Key[] | AsyncIterable<readonly Key[]>> => {
    if (options.keysFile !== undefined) return keysOfFile(options.keysFile, toKey, command);
    if (options.where === undefined) return toKeys(options.keys ?? [], toKey, command);
    const schema = (await operations.store()).sources.get(source.name)?.schema;
    if (!schema) return [];
    const { rowsPerSecond } = operations.configuration.settings.reads;
    return keysWhere(operations.servers.source, schema, options.where, rowsPerSecond);
  };
  return operations.requestReads(source, await pages(), { onAsked });
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

/** The one source that is meant. */
function sourceOf({ configuration }: Operations, names: readonly string[] | undefined, command: Command) {
  const [source, another] = sourcesOf(configuration, names, command);
  return source && !another ? source : command.error('error: keys need their --source: there are several');
}

/** How the text of a key of this source is read; throws where it is none. */
async function keyReader(operations: Operations, { name }: SourceMapping): Promise<(text: string) => Key> {
  const kind = (await operations.store()).sources.get(name)?.schema.keyKind ?? 'string';
  return (text) => {
    if ([...text].length > LONGEST_KEY)
      throw new RangeError(`a text of ${text.length} characters is no key of ${name}`);
    try {
      return parseKey(text, kind);
    } catch {
      throw new RangeError(`${text} is no key of ${name}: its keys are whole numbers`);
    }
  };
}

function toKeys(texts: readonly string[], toKey: (text: string) => Key, command: Command): Key[] {
  return texts.map((text) => {
    try {
      return toKey(text);
    } catch (error) {
      return command.error(`error: ${(error as Error).message}`);
    }
  });
}

/** The one source that is meant, and its keys as the command line spells them. */
export async function sourceAndKeys(
  operations: Operations,
  names: readonly string[] | undefined,
  texts: readonly string[],
  command: Command,
): Promise<{ source: SourceMapping; keys: Key[] }> {
  const source = sourceOf(operations, names, command);
  return { source, keys: toKeys(texts, await keyReader(operations, source), command) };
}
