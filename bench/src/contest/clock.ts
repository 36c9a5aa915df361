import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { memoryOf } from '@friend-sync/local-stack';
import type { Database } from '@friend-sync/sync-service';

const LOOK_MS = 20;
/** Memory is looked at so many looks apart. */
const LOOKS = 25;
const TICKS_PER_SECOND = 100;

/** Of one run, from its first write of a copy or of a mirror's row to its last. */
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
 * Runs a contender and reads the target's own clock: when the server's count of changes to the copies, or to a mirror, first moved,
 * and when it last did. `work` gets a function that says how long ago that was, in ms.
 */
export async function measure(
  friend: Database,
  pids: { readonly mysql: number; readonly service: () => number | undefined },
  work: (quietMs: () => number) => Promise<void>,
): Promise<Measured> {
  const seen = { first: 0, last: 0, cpuBefore: 0, cpuAfter: 0, peakBytes: 0, isOver: false };
  const binlogBefore = await binlogBytes(friend);
  const mysqlBefore = cpuOf(pids.mysql);
  const looking = look(friend, pids.service, seen);
  try {
    await work(() => (seen.last === 0 ? 0 : performance.now() - seen.last));
  } finally {
    seen.isOver = true;
    await looking;
  }
  return {
    seconds: round((seen.last - seen.first) / 1_000),
    serviceCpu: round(seen.cpuAfter - seen.cpuBefore),
    mysqlCpu: round(cpuOf(pids.mysql) - mysqlBefore),
    peakMegabytes: Math.round(seen.peakBytes / 1_048_576),
    binlogMegabytes: round(((await binlogBytes(friend)) - binlogBefore) / 1_048_576),
  };
}

interface Seen {
  first: number;
  last: number;
  cpuBefore: number;
  cpuAfter: number;
  peakBytes: number;
  isOver: boolean;
}

async function look(friend: Database, service: () => number | undefined, seen: Seen): Promise<void> {
  let before: number | undefined;
  for (let n = 0; !seen.isOver; n++) {
    const modified = await modifiedRows(friend);
    const pid = service();
    if (pid !== undefined) {
      seen.cpuAfter = cpuOf(pid);
      if (seen.first === 0) seen.cpuBefore = seen.cpuAfter;
      if (n % LOOKS === 0) seen.peakBytes = Math.max(seen.peakBytes, memoryOf({ pid }));
    }
    if (before !== undefined && modified !== before) {
      seen.first ||= performance.now() - LOOK_MS / 2;
      seen.last = performance.now() - LOOK_MS / 2;
    }
    before = modified;
    await delay(LOOK_MS);
  }
}

/** The server's count of rows that were written to copies and to mirrors. */
export async function modifiedRows(friend: Database): Promise<number> {
  const [row] = await friend.rows(
    'counting rows that were written',
    `SELECT SUM(MODIFIED_COUNTER) AS n FROM information_schema.INNODB_TABLESTATS
     WHERE NAME LIKE 'friend\\_db/%' OR NAME LIKE 'friend\\_sync/mirror\\_%'`,
  );
  return Number(row?.n);
}

async function binlogBytes(friend: Database): Promise<number> {
  const logs = await friend.rows('reading the size of the binary log', 'SHOW BINARY LOGS');
  return logs.reduce((sum, { File_size }) => sum + Number(File_size), 0);
}

/** CPU seconds of a process so far; 0 once it is gone. */
function cpuOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}

const round = (n: number) => Math.round(n * 100) / 100;
