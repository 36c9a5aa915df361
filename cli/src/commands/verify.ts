import type { Key, Operations, Verification } from '@friend-sync/sync-service';
import type { Command } from 'commander';
import { deadlineOf } from '../arguments.ts';
import { type Load, withOperations } from '../context.ts';
import { EXIT } from '../exit.ts';
import { print, printJson, talk, tellParked, tellWait } from '../output.ts';

/** `friend-sync verify`: prove that every copy equals its source, byte for byte. */
export function addVerify(program: Command, load: Load): void {
  program
    .command('verify')
    .description('compare every copy with its source, byte for byte, while changes may go on')
    .option(
      '--repair',
      'read the source rows of copies that differ again, apply onDelete where there is none, and verify once more',
    )
    .option('--deadline <seconds>', 'give up waiting for changes on their way after so long', '3600')
    .action(async (options: { repair?: boolean; deadline: string }, command: Command) => {
      const deadlineMs = deadlineOf(options, command);
      const { json, configuration } = load();
      await withOperations(configuration, async (operations) => {
        const found = await operations.verify(deadlineMs, tellWait);
        const result = options.repair ? await repaired(operations, found, deadlineMs) : found;
        if (result.mismatches + result.held.length > 0) process.exitCode = EXIT.failed;
        const { copies, mismatches, changing, orphans, examples, parked, parkedCounts, held } = result;
        const repairs = found.mismatches - mismatches;
        const compared = { copies, mismatches, changing, orphans, examples };
        if (json) return printJson({ ...compared, parked, parkedCounts, held, repaired: repairs });
        print(`${copies} copies compared, ${mismatches} differ from their source, ${orphans} have no source row`);
        for (const example of examples) print(`  ${example}`);
        for (const { source, copy, problem } of held) talk(`not compared: ${copy} of ${source}: ${problem}`);
        if (changing > 0)
          talk(`${changing} keys changed at every look; their copies follow, but could not be compared`);
        if (mismatches === 0) return;
        tellParked(parked, countOf(parkedCounts));
        if (!options.repair) talk(advice(result));
      });
    });
}

function countOf(counts: Verification['parkedCounts']): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** What is refused is read and refused once more. */
function advice({ differing, parked, parkedCounts }: Verification): string {
  const isParked = (source: string, key: Key) => parked.some((one) => one.source === source && one.key === key);
  const others = [...differing].flatMap(([source, keys]) => [...keys.keys()].filter((key) => !isParked(source, key)));
  // Of so many refused keys nobody has the names.
  return others.length > countOf(parkedCounts) - parked.length
    ? 'friend-sync verify --repair reads their source rows again'
    : 'they are refused, which --repair does not change';
}

/** The source row is the truth, whatever the mirror holds: so the rows are read again. */
async function repaired(operations: Operations, found: Verification, deadlineMs: number): Promise<Verification> {
  if (found.mismatches > 0) talk(`${found.mismatches} copies differ; reading their source rows again`);
  let goneCount = 0;
  for (const source of operations.configuration.mapping.sources) {
    const keys = [...(found.differing.get(source.name)?.keys() ?? [])];
    await operations.requestReads(source, keys);
    const orphaned = [...(found.orphaned.get(source.name) ?? [])];
    if (orphaned.length === 0) continue;
    await operations.requestReads(source, orphaned, { takesGone: true });
    goneCount += orphaned.length;
  }
  if (goneCount > 0) talk(`${goneCount} keys have no source row; their copies get the values of onDelete`);
  return found.mismatches + goneCount > 0 ? operations.verify(deadlineMs, tellWait) : found;
}
