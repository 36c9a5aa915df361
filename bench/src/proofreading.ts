import { setTimeout as delay } from 'node:timers/promises';
import { type Installation, openInstallation, updateSomebody } from '@friend-sync/demo';
import { startBareConsumer } from './bare-consumer.ts';
import { becomes } from './becomes.ts';
import { NO_PATROL, PROBATION_MS, startDaemon } from './daemon.ts';
import { fillManyUsers } from './many-users.ts';
import { median } from './statistics.ts';

const ROWS_A_STATEMENT = 1_000;
const DEADLINE_MS = 600_000;
/** Ingest waits for the lock in one statement, and goes on at once when it is free. */
const LOCK_WAIT_SECONDS = 600;

export interface ProofreadingResult {
  readonly changes: number;
  readonly rounds: number;
  /** Changes ingested a second, the median, with `reads.proofPerSecond` as it is by default, and with 0. */
  readonly byDefault: number;
  readonly without: number;
  readonly ratio: number;
  /** Each round's. */
  readonly all: { readonly byDefault: readonly number[]; readonly without: readonly number[] };
}

/** Measures what proofreading costs ingest: how fast it takes up changes that wait in the topic, with and without it. */
export async function measureProofreading(
  changes: number,
  rounds: number,
  say: (line: string) => void,
): Promise<ProofreadingResult> {
  await using installation = await openInstallation({
    kind: 'bench',
    say,
    fill: async (user, friend) => void (await fillManyUsers(user, friend, { users: changes })),
  });
  const all = { byDefault: [] as number[], without: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const order = ['byDefault', 'without'] as const;
    for (const mode of round % 2 === 0 ? order : order.toReversed()) {
      const rate = await measureIngest(installation, changes, mode === 'without' ? { 'reads.proofPerSecond': 0 } : {});
      say(`round ${round + 1} of ${rounds}, ${mode}: ${rate} changes/s`);
      all[mode].push(rate);
    }
  }
  const [byDefault, without] = [median(all.byDefault), median(all.without)];
  return { changes, rounds, byDefault, without, ratio: Math.round((byDefault / without) * 100) / 100, all };
}

/** Has a daemon hold still while the changes come into the topic, and then ingest them. */
async function measureIngest(
  installation: Installation,
  changes: number,
  settings: Readonly<Record<string, number>>,
): Promise<number> {
  const { configuration, operations, user, friend } = installation;
  await using _daemon = await startDaemon(installation.commandLine, {
    ...NO_PATROL,
    'fanOut.lockWaitSeconds': LOCK_WAIT_SECONDS,
    ...settings,
  });
  await operations.backfill(configuration.mapping.sources, DEADLINE_MS);
  await updateSomebody(user, 0);
  await operations.passBarrier(DEADLINE_MS);
  await delay(PROBATION_MS);
  const waiting = await friend.transaction('holding ingest', async (tx) => {
    await tx.rows('holding ingest', 'SELECT * FROM friend_sync.consumed FOR UPDATE');
    await commitChanges(installation, changes);
    return lag(installation);
  });
  // From the first batches on: what a consumer that was held up does before it goes on is not ingest.
  const read = () => lag(installation);
  const begun = await becomes('ingest begins', read, (left) => left < waiting);
  const ended = await becomes('every change is ingested', read, (left) => left === 0);
  return Math.round((changes * begun.value) / waiting / ((ended.at - begun.at) / 1_000));
}

/** Changes each user once, and returns when the topic holds all of it. */
async function commitChanges({ operations, stack, user }: Installation, changes: number): Promise<void> {
  const [topic = ''] = operations.topics;
  let missing = changes;
  let arrived: () => void;
  const last = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const mark = `changed ${Date.now()}`;
  await using _consumer = await startBareConsumer(stack.kafkaBrokers, topic, { from: 'beginning' }, (messages) => {
    missing -= messages.filter(({ value }) => value?.includes(mark)).length;
    if (missing <= 0) arrived();
  });
  const sql = 'UPDATE user_db.im_user SET nick_name = CONCAT(?, ?, id) WHERE id BETWEEN ? AND ?';
  for (let from = 1; from <= changes; from += ROWS_A_STATEMENT)
    await user.write('changes', sql, [mark, ' of ', from, Math.min(changes, from + ROWS_A_STATEMENT - 1)]);
  await last;
}

/** Offsets of the change topic that are still to be passed. */
async function lag({ operations }: Installation): Promise<number> {
  const [topic] = operations.topics;
  const partitions = (await operations.progress()).filter((partition) => partition.topic === topic);
  return partitions.reduce((sum, partition) => sum + Number(partition.lag), 0);
}
