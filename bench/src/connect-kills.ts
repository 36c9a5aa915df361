import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaMessage } from 'kafkajs';
import { startBareConsumer } from './bare-consumer.ts';
import type { SourceSide } from './source-side.ts';
import { TopicHistory, type TopicTally } from './topic-history.ts';

const USERS = 50;
const ROWS = 5;
const DEADLINE_MS = 120_000;
/** Connect is killed at any moment of its second between two stores of its position. */
const BEFORE_KILL_MS = 1_000;

export interface KillsResult extends TopicTally {
  readonly kills: number;
  readonly committed: number;
}

/**
 * Fault case 3: Kafka Connect is killed under a load of transactions of five rows. Counts what a consumer of committed
 * records then finds in the topic.
 */
export async function measureKills({ stack, user, topic }: SourceSide, kills: number): Promise<KillsResult> {
  const history = new TopicHistory();
  const committed = new Map<number, number[]>();
  await using _consumer = await startBareConsumer(stack.kafkaBrokers, topic, { from: 'beginning' }, (messages) => {
    for (const message of messages) {
      const version = versionOf(message);
      if (version !== undefined) history.add(keyOf(message), version);
    }
  });
  let count = 0;

  /** One transaction, whose number is the value of its five rows. */
  async function commitOne(): Promise<void> {
    const version = ++count;
    const keys = Array.from({ length: ROWS }, (_, row) => ((version * ROWS + row) % USERS) + 1);
    await user.transaction('five rows', async (tx) => {
      for (const key of keys)
        await tx.write('one', 'UPDATE user_db.im_user SET nick_name = ? WHERE id = ?', [marked(version), key]);
    });
    for (const key of keys) committed.set(key, [...(committed.get(key) ?? []), version]);
  }

  /** What is committed up to now, each key's last change, has come; false: not in time. */
  async function hasArrived(): Promise<boolean> {
    const last = [...committed].map(([key, versions]) => [key, versions.at(-1) ?? 0] as const);
    for (const until = Date.now() + DEADLINE_MS; Date.now() < until; await delay(50))
      if (last.every(([key, version]) => history.newest(key) >= version)) return true;
    return false;
  }

  let isDone = false;
  const load = (async () => {
    while (!isDone) await commitOne();
  })();
  try {
    for (let kill = 0; kill < kills; kill++) {
      await delay(BEFORE_KILL_MS * (1 + Math.random()));
      if (!(await hasArrived())) throw new Error('the connector does not send what was committed');
      await delay(BEFORE_KILL_MS * Math.random());
      await stack.stop('connect', 'SIGKILL');
      await stack.start('connect');
    }
  } finally {
    isDone = true;
    await load;
  }
  await hasArrived();
  return { kills, committed: count * ROWS, ...history.tally(committed) };
}

const marked = (version: number) => `case 3, version ${version};`;

/** Avro holds text as its plain bytes, and a row as it is now behind the row as it was: the last number is the one. */
function versionOf({ value }: KafkaMessage): number | undefined {
  const found = [...(value?.toString('latin1') ?? '').matchAll(/case 3, version (\d+);/g)].at(-1)?.[1];
  return found === undefined ? undefined : Number(found);
}

function keyOf({ key }: KafkaMessage): number {
  return (JSON.parse(String(key)) as { id: number }).id;
}
