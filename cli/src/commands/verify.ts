import {
  type Key,
  type Operations,
  type RepairParts,
  requestRepair,
  tooManyGone,
  type Verification,
} from '@friend-sync/sync-service';
import type { Command } from 'commander';
import { countOf, deadlineOf } from '../arguments.ts';
import { type Load, withOperations } from '../context.ts';
import { EXIT } from '../exit.ts';
import { print, printJson, talk, tellParked, tellWait } from '../output.ts';

interface RepairOptions {
  readonly deadlineMs: number;
  /** So many keys of a source may be gone. */
  readonly gone: number;
}

/** `friend-sync verify`: prove that every copy equals its source, byte for byte. */
export function addVerify(program: Command, load: Load): void {
  program
    .command('verify')
    .description('compare every copy with its source, byte for byte, while changes may go on')
    .option(
      '--repair',
      'read the source rows of copies that differ again, apply onDelete where there is none, and verify once more',
    )
    .option('--gone <keys>', 'with --repair: apply onDelete though a source lacks the rows of so many keys', countOf, 0)
    .option('--deadline <seconds>', 'give up waiting for changes on their way after so long', '3600')
    .action(async (options: { repair?: boolean; gone: number; deadline: string }, command: Command) => {
      const deadlineMs = deadlineOf(options, command);
      const { json, configuration } = load();
      await withOperations(configuration, async (operations) => {
        const found = await operations.verify(deadlineMs, tellWait);
        const result = options.repair ? await repaired(operations, found, { deadlineMs, gone: options.gone }) : found;
        const { repair = false, gone } = options;
        tellVerification(result, json, repair ? { gone, repaired: found.mismatches - result.mismatches } : undefined);
      });
    });
}

/** What was found, and the exit code; `repair`: what was repaired before, and how many keys of a source might be gone. */
export function tellVerification(
  result: Verification,
  json: boolean,
  repair?: { readonly gone: number; readonly repaired: number },
): void {
  const tooMany = tooManyGone(result, repair?.gone ?? 0);
  if (result.mismatches + result.misspelt + result.held.length + tooMany.size > 0) process.exitCode = EXIT.failed;
  const { copies, mismatches, changing, orphans, misspelt, examples, parked, parkedCounts, held } = result;
  const compared = { copies, mismatches, changing, orphans, misspelt, gone: Object.fromEntries(tooMany), examples };
  if (json) {
    printJson({ ...compared, parked, parkedCounts, held, repaired: repair?.repaired ?? 0 });
    return;
  }
  print(`${copies} copies compared, ${mismatches} differ from their source, ${orphans} have no source row`);
  for (const example of examples) print(`  ${example}`);
  if (misspelt > 0)
    talk(
      `${misspelt} copies name their source row in another spelling, which its collation takes for the same; they are not written: correct their keys`,
    );
  for (const [source, keys] of tooMany) talk(goneAdvice(source, keys));
  for (const { source, copy, problem } of held) talk(`not compared: ${copy} of ${source}: ${problem}`);
  if (changing > 0) talk(`${changing} keys changed at every look; their copies follow, but could not be compared`);
  if (mismatches === 0) return;
  tellParked(parked, totalOf(parkedCounts));
  if (!repair) talk(advice(result));
}

function goneAdvice(source: string, keys: number): string {
  return `${keys} keys of ${source} have no source row, more than may be gone without asking; their copies are left as they are. Look at the source: if the rows were deleted, friend-sync verify --repair --gone ${keys} applies onDelete`;
}

function totalOf(counts: Verification['parkedCounts']): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** What is refused is read and refused once more. */
function advice({ differing, parked, parkedCounts }: Verification): string {
  const isParked = (source: string, key: Key) => parked.some((one) => one.source === source && one.key === key);
  const others = [...differing].flatMap(([source, keys]) => [...keys.keys()].filter((key) => !isParked(source, key)));
  // Of so many refused keys nobody has the names.
  return others.length > totalOf(parkedCounts) - parked.length
    ? 'friend-sync verify --repair reads their source rows again'
    : 'they are refused, which --repair does not change';
}

async function repaired(
  operations: Operations,
  found: Verification,
  { deadlineMs, gone }: RepairOptions,
): Promise<Verification> {
  const { sources } = operations.configuration.mapping;
  const requestReads: RepairParts['requestReads'] = (...request) => operations.requestReads(...request);
  const { readKeys, goneKeys } = await requestRepair({ sources, requestReads }, found, gone);
  if (found.mismatches > 0) talk(`${found.mismatches} copies differ; reading their source rows again`);
  if (goneKeys > 0) talk(`${goneKeys} keys have no source row; a daemon gives their copies what its onDelete says`);
  return readKeys > 0 ? operations.verify(deadlineMs, tellWait) : found;
}
