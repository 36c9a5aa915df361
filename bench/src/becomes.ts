import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 50;
const DEADLINE_MS = 3_600_000;

/** Reads again and again until it is like this; returns when, and what it is then. Throws what is awaited after an hour. */
export async function becomes<T>(
  awaited: string,
  read: () => Promise<T>,
  is: (value: T) => boolean,
): Promise<{ readonly at: number; readonly value: T }> {
  for (const until = performance.now() + DEADLINE_MS; performance.now() < until; await delay(POLL_MS)) {
    const value = await read();
    if (is(value)) return { at: performance.now(), value };
  }
  throw new Error(`not within an hour: ${awaited}`);
}
