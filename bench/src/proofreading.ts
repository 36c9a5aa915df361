import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { type Installation, openInstallation, updateSomebody } from '@friend-sync/demo';
import { becomes } from './becomes.ts';
import { commitAndArrive } from './committed.ts';
import { NO_PATROL, PROBATION_MS, startDaemon } from './daemon.ts';
import { HOLDABLE, whileHeld } from './hold.ts';
import { fillManyUsers } from './many-users.ts';
import { median } from './statistics.ts';

const ROWS_A_STATEMENT = 1_000;
const DEADLINE_MS = 600_000;

const MODES = ['byDefault', 'without'] as const;
type Mode = (typeof MODES)[number];

interface Ingest {
  /** Changes a second. */
  readonly rate: number;
  /** CPU time of the whole machine, in ms, for 1,000 changes: what bounds the rate, and less of a lottery. */
  readonly cpuMs: number;
}

export interface ProofreadingResult {
  readonly changes: number;
  readonly rounds: number;
  /** The median round's, by default to without. */
  readonly rateRatio: number;
  /** The same of the changes that a second of CPU time ingests. */
  readonly cpuRatio: number;
  /** Each round's, with `reads.proofPerSecond` as it is by default, and with 0. */
  readonly all: Readonly<Record<Mode, readonly Ingest[]>>;
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
  const all: Record<Mode, Ingest[]> = { byDefault: [], without: [] };
  // Parts that have just started are slower than they will be.
  await measureIngest(installation, changes, {});
  for (let round = 0; round < rounds; round++) {
    for (const mode of round % 2 === 0 ? MODES : MODES.toReversed()) {
      const ingest = await measureIngest(
        installation,
        changes,
        mode === 'without' ? { 'reads.proofPerSecond': 0 } : {},
      );
      say(`round ${round + 1} of ${rounds}, ${mode}: ${ingest.rate} changes/s, ${ingest.cpuMs} ms of CPU a thousand`);
      all[mode].push(ingest);
    }
  }
  const ratio = (of: (byDefault: Ingest, without: Ingest) => number) =>
    median(all.byDefault.map((one, i) => of(one, all.without[i] ?? one) * 100)) / 100;
  return {
    changes,
    rounds,
    rateRatio: ratio((byDefault, without) => byDefault.rate / without.rate),
    cpuRatio: ratio((byDefault, without) => without.cpuMs / byDefault.cpuMs),
    all,
  };
}

/** CPU time that this machine has spent, in ms. */
function cpuSpent(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}

/** Has a daemon hold still while the changes come into the topic, and then ingest them. */
async function measureIngest(
  installation: Installation,
  changes: number,
  settings: Readonly<Record<string, number>>,
): Promise<Ingest> {
  const { configuration, operations, user, friend } = installation;
  await using _daemon = await startDaemon(installation.commandLine, {
    ...NO_PATROL,
    ...HOLDABLE,
    ...settings,
  });
  await operations.backfill(configuration.mapping.sources, DEADLINE_MS);
  await updateSomebody(user, 0);
  await operations.passBarrier(DEADLINE_MS);
  await delay(PROBATION_MS);
  const waiting = await whileHeld(friend, async () => {
    await commitChanges(installation, changes);
    return lag(installation);
  });
  // From the first batches on: what a consumer that was held up does before it goes on is not ingest.
  const read = () => lag(installation);
  const begun = await becomes('ingest begins', read, (left) => left < waiting);
  const before = cpuSpent();
  const ended = await becomes('every change is ingested', read, (left) => left === 0);
  const ingested = (changes * begun.value) / waiting;
  return {
    rate: Math.round((ingested * 1_000) / (ended.at - begun.at)),
    cpuMs: Math.round(((cpuSpent() - before) * 10_000) / ingested) / 10,
  };
}

/** Changes each user once, and returns when the topic holds all of it. */
async function commitChanges({ operations, stack, user }: Installation, changes: number): Promise<void> {
  const [topic = ''] = operations.topics;
  const mark = `changed ${Date.now()}`;
  await commitAndArrive(stack.kafkaBrokers, topic, { text: mark, messages: changes }, async () => {
    const sql = 'UPDATE user_db.im_user SET nick_name = CONCAT(?, ?, id) WHERE id BETWEEN ? AND ?';
    for (let from = 1; from <= changes; from += ROWS_A_STATEMENT)
      await user.write('changes', sql, [mark, ' of ', from, Math.min(changes, from + ROWS_A_STATEMENT - 1)]);
  });
}

/** Offsets of the change topic that are still to be passed. */
async function lag({ operations }: Installation): Promise<number> {
  const [topic] = operations.topics;
  const partitions = (await operations.progress()).filter((partition) => partition.topic === topic);
  return partitions.reduce((sum, partition) => sum + Number(partition.lag), 0);
}
