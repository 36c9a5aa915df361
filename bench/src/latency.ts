import { setTimeout as delay } from 'node:timers/promises';
import { openSystem, type System } from '@friend-sync/demo';
import { startBareConsumer } from './bare-consumer.ts';
import { startDaemon } from './daemon.ts';
import { type Figure, figure } from './figures.ts';
import { median, percentile } from './statistics.ts';

const SAMPLES = 300;
const WARM_UP = 50;
/**
 * Updates come apart from each other, so that none waits for another. The commit probe comes apart from them too: an
 * idle server takes about twice as long for the same commit as one that has just worked, and the pipeline finds it idle.
 */
const PAUSE_MS = 25;
/** Waits in the server, so that looking leaves this machine's cores to what is measured. */
const WAIT_FOR_COPIES = `CREATE PROCEDURE friend_db.wait_for_copies(wanted_key BIGINT, wanted VARCHAR(64))
  BEGIN
    DECLARE unseen_at DATETIME(6) DEFAULT SYSDATE(6);
    WHILE EXISTS (SELECT 1 FROM friend_db.im_friend WHERE friend_id = wanted_key AND NOT friend_nick_name <=> wanted) DO
      SET unseen_at = SYSDATE(6);
      DO SLEEP(0.0002);
    END WHILE;
    SELECT TIMESTAMPDIFF(MICROSECOND, unseen_at, SYSDATE(6)) AS unseen_for_us;
  END`;

export interface LatencyResult {
  readonly samples: number;
  /** From the commit in the user database until a consumer that does nothing else has the message. */
  readonly bareP50Ms: number;
  readonly bareP95Ms: number;
  /** From the same commits until the last of the user's copies in one target table is visible in the friend database. */
  readonly copyP50Ms: number;
  readonly copyP95Ms: number;
  readonly copyP99Ms: number;
  /** One durable one-row commit on that friend server, between the same updates, the server as idle as they find it. */
  readonly durableCommitP50Ms: number;
  /** bare + 3 × durable commit: what the copies may take. */
  readonly allowedP50Ms: number;
}

/** The same as figures. */
export function latencyFigures(result: LatencyResult): Figure[] {
  const { bareP50Ms, copyP50Ms, copyP99Ms, durableCommitP50Ms, allowedP50Ms } = result;
  return [
    figure('quiet, a bare consumer has the message, p50 ms', [bareP50Ms]),
    figure('quiet, a durable commit on the friend server, p50 ms', [durableCommitP50Ms]),
    figure('quiet, the copies are visible, p50 ms', [copyP50Ms], { atMost: allowedP50Ms }),
    figure('quiet, the copies are visible, p99 ms', [copyP99Ms]),
  ];
}

/** Measures, in one run, how much later than a bare consumer of the same topic the copies are visible. */
export async function measureLatency(say: (line: string) => void): Promise<LatencyResult> {
  await using system = await openSystem({ say, onApplied: () => {} });
  // As it is run in production: a process of its own, whose event loop does not measure as well.
  await system.service.stop();
  await using _daemon = await startDaemon(system.commandLine);
  await using arrivals = await watchArrivals(system);
  const bare: number[] = [];
  const copies: number[] = [];
  const commits: number[] = [];
  await system.friend.write('commit probe', 'CREATE TABLE friend_db.probe (id INT PRIMARY KEY, n INT)');
  await system.friend.write('commit probe', 'INSERT INTO friend_db.probe VALUES (1, 0)');
  await system.friend.write('waiting for the copies', WAIT_FOR_COPIES);
  say(`measuring ${SAMPLES} updates`);
  for (let n = 0; n < WARM_UP + SAMPLES; n++) {
    const key = (n % 3_000) + 1;
    const seen = arrivals.next();
    await system.user.write('update', 'UPDATE user_db.im_user SET nick_name = ? WHERE id = ?', [`latency ${n}`, key]);
    const committedAt = performance.now();
    const seenAt = await seen;
    const copyAt = await copyVisible(system, key, `latency ${n}`);
    await pause();
    const commitMs = await durableCommit(system);
    if (n >= WARM_UP) {
      bare.push(seenAt - committedAt);
      copies.push(copyAt - committedAt);
      commits.push(commitMs);
    }
    await pause();
  }
  const durableCommitP50Ms = median(commits);
  return {
    samples: SAMPLES,
    bareP50Ms: median(bare),
    bareP95Ms: percentile(bare, 0.95),
    copyP50Ms: median(copies),
    copyP95Ms: percentile(copies, 0.95),
    copyP99Ms: percentile(copies, 0.99),
    durableCommitP50Ms,
    allowedP50Ms: Math.round((median(bare) + 3 * durableCommitP50Ms) * 10) / 10,
  };
}

const pause = () => delay(PAUSE_MS * (0.5 + Math.random()));

/** When every copy of the first target had the value: half-way between the last look that did not find it and the first that did. */
async function copyVisible({ friend }: System, key: number, wanted: string): Promise<number> {
  const [rows] = await friend.rows('waiting for the copies', 'CALL friend_db.wait_for_copies(?, ?)', [key, wanted]);
  const [row] = rows as unknown as { unseen_for_us: number }[];
  return performance.now() - Number(row?.unseen_for_us) / 2_000;
}

async function durableCommit({ friend }: System): Promise<number> {
  const began = performance.now();
  await friend.write('commit probe', 'UPDATE friend_db.probe SET n = n + 1 WHERE id = 1');
  return performance.now() - began;
}

/** The next message's arrival at a bare consumer of the example's topic. */
async function watchArrivals({ operations, stack }: System): Promise<AsyncDisposable & { next(): Promise<number> }> {
  let arrived: ((at: number) => void) | undefined;
  const [topic = ''] = operations.topics;
  const consumer = await startBareConsumer(stack.kafkaBrokers, topic, { from: 'end' }, () => {
    arrived?.(performance.now());
  });
  return {
    ...consumer,
    next: () =>
      new Promise((resolve) => {
        arrived = resolve;
      }),
  };
}
