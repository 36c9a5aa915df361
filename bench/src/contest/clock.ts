import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@friend-sync/sync-service';

const LOOK_MS = 20;
const MEMORY_MS = 500;
const TICKS_PER_SECOND = 100;

/** Of one run, from its first write of a copy to its last. */
export interface Measured {
  readonly seconds: number;
  /** CPU seconds of the contender, and of the friend server. */
  readonly serviceCpu: number;
  readonly mysqlCpu: number;
  /** The contender's largest proportional memory. */
  readonly peakMegabytes: number;
  readonly binlogMegabytes: number;
}

/**
 * Runs a contender and reads the target's own clock: when the server's count of changes to the table of copies first moved,
 * and when it last did. `work` gets a function that says how long ago that was, in ms.
 */
export async function measure(
  friend: Database,
  pids: { readonly mysql: number; readonly service: () => number | undefined },
  work: (quietMs: () => number) => Promise<void>,
): Promise<Measured> {
  const seen = { first: 0, last: 0, peakBytes: 0, isOver: false };
  const binlogBefore = await binlogBytes(friend);
  const mysqlBefore = cpuOf(pids.mysql);
  const looking = look(friend, seen);
  const remembering = remember(pids.service, seen);
  const serviceCpu = { before: 0, after: 0 };
  const watchCpu = setInterval(() => {
    const pid = pids.service();
    if (pid === undefined) return;
    const now = cpuOf(pid);
    if (seen.first === 0) serviceCpu.before = now;
    serviceCpu.after = now;
  }, LOOK_MS);
  try {
    await work(() => (seen.last === 0 ? 0 : performance.now() - seen.last));
  } finally {
    seen.isOver = true;
    clearInterval(watchCpu);
    await Promise.all([looking, remembering]);
  }
  return {
    seconds: round((seen.last - seen.first) / 1_000),
    serviceCpu: round(serviceCpu.after - serviceCpu.before),
    mysqlCpu: round(cpuOf(pids.mysql) - mysqlBefore),
    peakMegabytes: Math.round(seen.peakBytes / 1_048_576),
    binlogMegabytes: round(((await binlogBytes(friend)) - binlogBefore) / 1_048_576),
  };
}

async function look(friend: Database, seen: { first: number; last: number; isOver: boolean }): Promise<void> {
  let before: unknown;
  while (!seen.isOver) {
    const [row] = await friend.rows(
      'reading the clock',
      "SELECT SUM(MODIFIED_COUNTER) AS n FROM information_schema.INNODB_TABLESTATS WHERE NAME LIKE 'friend\\_db/%'",
    );
    if (before !== undefined && row?.n !== before) {
      seen.first ||= performance.now() - LOOK_MS / 2;
      seen.last = performance.now() - LOOK_MS / 2;
    }
    before = row?.n;
    await delay(LOOK_MS);
  }
}

async function remember(pid: () => number | undefined, seen: { peakBytes: number; isOver: boolean }): Promise<void> {
  for (; !seen.isOver; await delay(MEMORY_MS)) {
    const id = pid();
    if (id !== undefined) seen.peakBytes = Math.max(seen.peakBytes, memoryOf(id));
  }
}

async function binlogBytes(friend: Database): Promise<number> {
  const logs = await friend.rows('reading the size of the binary log', 'SHOW BINARY LOGS');
  return logs.reduce((sum, { File_size }) => sum + Number(File_size), 0);
}

/** CPU seconds of a process so far; 0 once it is gone. */
function cpuOf(pid: number): number {
  const text = readOrNothing(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND;
}

function memoryOf(pid: number): number {
  return Number(readOrNothing(`/proc/${pid}/smaps_rollup`).match(/^Pss:\s+(\d+)/m)?.[1] ?? 0) * 1_024;
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const round = (n: number) => Math.round(n * 100) / 100;
