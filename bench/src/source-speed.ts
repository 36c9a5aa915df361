import { setTimeout as delay } from 'node:timers/promises';
import { startBareConsumer } from './bare-consumer.ts';
import type { SourceSide } from './source-side.ts';

const WARM_UP = 50;
/** Updates come apart from each other, so that none waits for another. */
const PAUSE_MS = 25;

export interface SourceSpeed {
  /** From an update's commit until a bare consumer has its message. */
  readonly latenciesMs: readonly number[];
  /** Changes of one large statement, by the time from its commit until a bare consumer has the last of them. */
  readonly changesPerSecond: readonly number[];
}

/** Measures single updates, then bursts of one statement that changes every user; the first of each warms up. */
export async function measureSourceSpeed(
  { stack, user, topic }: SourceSide,
  { samples, bursts, users }: { readonly samples: number; readonly bursts: number; readonly users: number },
): Promise<SourceSpeed> {
  let missing = 0;
  let arrived: ((at: number) => void) | undefined;
  await using _consumer = await startBareConsumer(stack.kafkaBrokers, topic, { from: 'beginning' }, (messages) => {
    missing -= messages.length;
    if (missing <= 0) arrived?.(performance.now());
  });

  /** Milliseconds from the commit of a statement that changes so many rows until the last of them is here. */
  async function timeOf(rows: number, sql: string, parameters: readonly unknown[]): Promise<number> {
    missing = rows;
    const last = new Promise<number>((resolve) => {
      arrived = resolve;
    });
    await user.write('update', sql, parameters);
    const committedAt = performance.now();
    return (await last) - committedAt;
  }

  const latenciesMs: number[] = [];
  for (let n = 0; n < WARM_UP + samples; n++) {
    const sql = 'UPDATE user_db.im_user SET nick_name = ? WHERE id = ?';
    const ms = await timeOf(1, sql, [`latency ${n}`, (n % users) + 1]);
    if (n >= WARM_UP) latenciesMs.push(ms);
    await delay(PAUSE_MS * (0.5 + Math.random()));
  }
  const changesPerSecond: number[] = [];
  for (let n = 0; n < 1 + bursts; n++) {
    const ms = await timeOf(users, "UPDATE user_db.im_user SET nick_name = CONCAT('burst ', ?, ' ', id)", [n]);
    if (n > 0) changesPerSecond.push(users / (ms / 1_000));
  }
  return { latenciesMs, changesPerSecond };
}
