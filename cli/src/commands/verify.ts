import {
  type CompareOptions,
  describePlace,
  type Operations,
  parsePlace,
  repairCopies,
  type Verification,
} from '@friend-sync/sync-service';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { countOf, deadlineOf } from '../arguments.ts';
import { type Load, withOperations } from '../context.ts';
import { progress, talk, tellWait } from '../output.ts';
import { sourceAndKeys } from './backfill.ts';
import { tellVerification } from './verification.ts';

export interface VerifyOptions {
  readonly against: 'source' | 'mirror';
  readonly repair?: boolean;
  readonly gone: number;
  readonly list?: boolean;
  readonly orphans?: boolean;
  readonly keys?: string[];
  readonly source?: string[];
  readonly sample?: number;
  readonly rate?: number;
  readonly from?: string;
  readonly deadline: string;
}

/** `friend-sync verify`: prove that every copy equals its source, byte for byte. */
export function addVerify(program: Command, load: Load): void {
  program
    .command('verify')
    .description(
      'compare every copy with its source, byte for byte, while changes may go on; changes nothing but with --repair',
    )
    .addOption(
      new Option('--against <truth>', 'the rows of the user database, or the mirror: what was last heard of them')
        .choices(['source', 'mirror'])
        .default('source'),
    )
    .option('--list', 'name all that differs by table, key and columns, and not the first of it alone; never a value')
    .option('--orphans', 'name copies without a source row as well')
    .addOption(
      new Option('--keys <key...>', 'only the copies of these keys, each as it is').conflicts([
        'sample',
        'rate',
        'from',
      ]),
    )
    .option('--source <name>', 'with --keys: their source; may be left out where there is only one')
    .option('--sample <percent>', 'only so many of a hundred keys, chosen by chance', percentOf)
    .option('--rate <keys>', 'no more keys a second', rateOf)
    .option('--from <place>', 'go on where another verify was stopped (Ctrl-C), as it says then')
    .option(
      '--repair',
      'read the source rows of copies that differ again, apply onDelete where there is none, and compare them once more',
    )
    .option('--gone <keys>', 'with --repair: apply onDelete though a source lacks the rows of so many keys', countOf, 0)
    .option('--deadline <seconds>', 'give up waiting for changes on their way after so long', '3600')
    .action(async (options: VerifyOptions, command: Command) => {
      const deadlineMs = deadlineOf(options, command);
      const { json, configuration } = load();
      await withOperations(configuration, async (operations) => {
        const compared = await compareOptionsOf(operations, options, command);
        const found = await stoppable((signal) => operations.verify(deadlineMs, tellWait, { ...compared, signal }));
        const result = options.repair ? await repaired(operations, found, options, deadlineMs) : found;
        tellVerification(result, found.mismatches - result.mismatches, options, json);
      });
    });
}

async function compareOptionsOf(
  operations: Operations,
  { against, list, orphans, keys: texts, source, sample, rate, from }: VerifyOptions,
  command: Command,
): Promise<CompareOptions> {
  const place = from === undefined ? undefined : parsePlace(from, operations.configuration.mapping);
  if (from !== undefined && !place) command.error(`error: --from ${from} is no place that verify has told`);
  if (source && !texts) command.error('error: --source says whose --keys are meant');
  const named = texts && (await sourceAndKeys(operations, source, texts, command));
  const tell = progress();
  return {
    against,
    listsAll: list,
    listsOrphans: orphans,
    among: named && new Map([[named.source.name, new Set(named.keys)]]),
    sample,
    perSecond: rate,
    from: place,
    onProgress: (at, copies, seconds) =>
      tell(() => `${copies} copies compared, ${Math.round(copies / seconds)} a second, at ${describePlace(at)}`),
  };
}

/** At Ctrl-C it ends after the page that is being compared, and what it has found until then is told; at the second one at once. */
async function stoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopping = new AbortController();
  const stop = () => {
    talk('stopping: what was found so far is looked at once more; Ctrl-C again ends at once');
    stopping.abort();
  };
  process.once('SIGINT', stop);
  try {
    return await work(stopping.signal);
  } finally {
    process.off('SIGINT', stop);
  }
}

function repaired(
  operations: Operations,
  found: Verification,
  { against, list, gone }: VerifyOptions,
  deadlineMs: number,
): Promise<Verification> {
  const parts = {
    sources: operations.configuration.mapping.sources,
    requestReads: operations.requestReads.bind(operations),
    verify: (options: CompareOptions) => operations.verify(deadlineMs, tellWait, options),
    onAsked({ goneKeys }: { goneKeys: number }) {
      if (found.mismatches > 0) talk(`${found.mismatches} copies differ; reading their source rows again`);
      if (goneKeys > 0) talk(`${goneKeys} keys have no source row; a daemon gives their copies what its onDelete says`);
    },
  };
  return repairCopies(parts, found, { against, listsAll: list, confirmed: gone });
}

function percentOf(text: string): number {
  const percent = Number(text);
  if (!(percent > 0 && percent <= 100)) throw new InvalidArgumentError('It is not a number from 0 to 100.');
  return percent;
}

function rateOf(text: string): number {
  const rate = countOf(text);
  if (rate === 0) throw new InvalidArgumentError('It is to be 1 or more.');
  return rate;
}
