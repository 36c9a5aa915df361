import type { BarrierResult } from '@friend-sync/sync-service';
import Table from 'cli-table3';

/** Data goes to stdout, so that it can be piped. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Talk goes to stderr. */
export function talk(text: string): void {
  process.stderr.write(`${text}\n`);
}

const FIRST_TOLD_MS = 1_000;
const TOLD_EVERY_MS = 10_000;

/** For what may take long: tells how far it is after a second, and then every ten. */
export function progress(): (told: () => string) => void {
  let at = performance.now() + FIRST_TOLD_MS;
  return (told) => {
    if (performance.now() < at) return;
    at = performance.now() + TOLD_EVERY_MS;
    talk(told());
  };
}

/** Tells of a step that has not been reached for a while. */
export function tellWait(step: string): void {
  talk(`waiting: ${step}`);
}

/** Names keys that could not be written, and tells how many more of these `count` there are. */
export function tellParked(parked: BarrierResult['parked'], count: number): void {
  for (const { source, key, reason } of parked) talk(`parked: ${source} ${key}: ${reason}`);
  if (count > parked.length) talk(`parked: ${count - parked.length} more`);
}

/** JSON with bigint as text: it has no number for it. */
export function printJson(data: unknown): void {
  print(JSON.stringify(data, (_, value) => (typeof value === 'bigint' ? String(value) : value)));
}

/** A table without lines, as kafka-consumer-groups prints it. */
export function printTable(head: readonly string[], rows: readonly (readonly unknown[])[]): void {
  const none = {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
  };
  const chars = { ...none, left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' };
  const style = { head: [], border: [], 'padding-left': 0, 'padding-right': 0 };
  const table = new Table({ head: [...head], chars, style });
  table.push(...rows.map((row) => row.map((cell) => String(cell))));
  print(table.toString());
}
