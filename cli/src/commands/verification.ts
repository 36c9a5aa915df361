import { describeDifference, describePlace, type Key, tooManyGone, type Verification } from '@friend-sync/sync-service';
import { EXIT } from '../exit.ts';
import { print, printJson, talk, tellParked } from '../output.ts';
import type { VerifyOptions } from './verify.ts';

type Asked = Pick<VerifyOptions, 'against' | 'repair' | 'gone' | 'list'>;

/** What `verify` has found, as data or in words, and whether it is a success. `repairs`: so many copies differ no longer. */
export function tellVerification(result: Verification, repairs: number, asked: Asked, json: boolean): void {
  const tooMany = tooManyGone(result, asked.repair ? asked.gone : 0);
  const { copies, mismatches, changing, orphans, misspelt, differences, unmatched, parked, parkedCounts, held } =
    result;
  const stoppedAt = result.stoppedAt && describePlace(result.stoppedAt);
  if (mismatches + misspelt + held.length + tooMany.size > 0 || stoppedAt !== undefined) process.exitCode = EXIT.failed;
  if (json) {
    const gone = Object.fromEntries(tooMany);
    const compared = { copies, mismatches, changing, orphans, misspelt, gone, differences, unmatched };
    printJson({ ...compared, parked, parkedCounts, held, repaired: repairs, stoppedAt });
    return;
  }
  const truth = asked.against === 'mirror' ? 'the mirror' : 'their source';
  const sum = `${copies} copies compared, ${mismatches} differ from ${truth}, ${orphans} have no source row`;
  // What is listed can be piped.
  if (asked.list) talk(sum);
  else print(sum);
  for (const one of [...differences, ...unmatched]) print(`${asked.list ? '' : '  '}${describeDifference(one)}`);
  if (misspelt > 0)
    talk(
      `${misspelt} copies name their source row in another spelling, which its collation takes for the same; they are not written: correct their keys`,
    );
  for (const [source, keys] of tooMany) talk(goneAdvice(source, keys));
  for (const { source, copy, problem } of held) talk(`not compared: ${copy} of ${source}: ${problem}`);
  if (changing > 0) talk(`${changing} keys changed at every look; their copies follow, but could not be compared`);
  if (stoppedAt !== undefined) talk(`stopped before the end; friend-sync verify --from '${stoppedAt}' goes on there`);
  if (asked.repair) tellLeft(result);
  if (mismatches === 0) return;
  tellParked(parked, totalOf(parkedCounts));
  talk(advice(result, asked));
}

/** Copies without a source row that no repair touches, and why. */
function tellLeft({ keptOrphans, strangeOrphans }: Verification): void {
  if (keptOrphans > 0)
    talk(`${keptOrphans} copies without a source row are left as they are: onDelete of their source is keep`);
  if (strangeOrphans > 0)
    talk(`${strangeOrphans} copies hold keys that their source cannot have, and are left as they are: correct them`);
}

function goneAdvice(source: string, keys: number): string {
  return `${keys} keys of ${source} have no source row, more than may be gone without asking; their copies are left as they are. Look at the source: if the rows were deleted, friend-sync verify --repair --gone ${keys} applies onDelete`;
}

function totalOf(counts: Verification['parkedCounts']): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** What is refused is read and refused once more. */
function advice({ differing, parked, parkedCounts }: Verification, { repair }: Asked): string {
  const isParked = (source: string, key: Key) => parked.some((one) => one.source === source && one.key === key);
  const others = [...differing].flatMap(([source, keys]) => [...keys.keys()].filter((key) => !isParked(source, key)));
  // Of so many refused keys nobody has the names.
  if (others.length <= totalOf(parkedCounts) - parked.length)
    return 'they are refused, which --repair does not change: mend what refuses them, then friend-sync parked retry';
  if (!repair) return 'friend-sync verify --repair reads their source rows again';
  return `their rows were read again, and something else keeps the copies as they are; friend-sync explain KEY says what: ${others.slice(0, 10).join(', ')}`;
}
