import { setTimeout as delay } from 'node:timers/promises';
import { openSystem, type System } from '@friend-sync/demo';
import { startBareConsumer } from './bare-consumer.ts';
import { startDaemon } from './daemon.ts';
import { median, percentile } from './statistics.ts';

const SAMPLES = 300;
const WARM_UP = 50;
/**
 * Updates come apart from each other, so that none waits for another. The commit probe comes apart from them too: an
 * idle server takes about twice as long for the same commit as one that has just worked, and the pipeline finds it idle.
 */
const PAUSE_MS = 25;
const LOOK_PAUSE_MS = 1;

export interface LatencyResult {
  readonly samples: number;
  /** From the commit in the user database until a consumer that does nothing else has the message. */
  readonly bareP50Ms: number;
  readonly bareP95Ms: number;
  /** From the same commits until the last of the user's copies in one target table is visible in the friend database. */
  readonly copyP50Ms: number;
  readonly copyP95Ms: number;
  /** One durable one-row commit on that friend server, between the same updates, the server as idle as they find it. */
  readonly durableCommitP50Ms: number;
  /** bare + 3 × durable commit: what the copies may take. */
  readonly allowedP50Ms: number;
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
  say(`measuring ${SAMPLES} updates`);
  for (let n = 0; n < WARM_UP + SAMPLES; n++) {
    const key = (n % 3_000) + 1;
    const seen = arrivals.next();
    await system.user.write('update', 'UPDATE user_db.im_user SET nick_name = ? WHERE id = ?', [`latency ${n}`, key]);
    const committedAt = performance.now();
    const seenAt = await seen;
    const copyAt = await copyVisible(system, key, `latency ${n}`, seenAt);
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
    durableCommitP50Ms,
    allowedP50Ms: Math.round((median(bare) + 3 * durableCommitP50Ms) * 10) / 10,
  };
}

const pause = () => delay(PAUSE_MS * (0.5 + Math.random()));

/**
 * When every copy of the first target had the value: half-way between the last look that did not find it (before the
 * first look, the message's arrival at the bare consumer) and the first that did, each true half-way between question
 * and answer. Pauses between looks leave the server and this machine to the work that is measured.
 */
async function copyVisible({ friend }: System, key: number, wanted: string, unseenAt: number): Promise<number> {
  for (let before = unseenAt; ; ) {
    await delay(LOOK_PAUSE_MS);
    const askedAt = performance.now();
    const [row] = await friend.rows(
      'looking',
      'SELECT COUNT(*) AS differing FROM friend_db.im_friend WHERE friend_id = ? AND NOT friend_nick_name <=> ?',
      [key, wanted],
    );
    const lookedAt = (askedAt + performance.now()) / 2;
    if (Number(row?.differing) === 0) return (before + lookedAt) / 2;
    before = lookedAt;
  }
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
