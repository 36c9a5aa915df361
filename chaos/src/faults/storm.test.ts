import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Fault } from './fault.ts';
import { rage } from './storm.ts';

/** Says when each fault begins and ends. */
function faults(events: string[]): Fault[] {
  return ['a', 'b', 'c', 'd'].map((kind) => ({
    kind,
    subjects: kind < 'c' ? ['shared'] : [kind],
    async inflict(random) {
      events.push(`${kind} begins`);
      await delay(random.between(0, 10));
      events.push(`${kind} ends`);
    },
  }));
}

const storm = (events: string[], signal = new AbortController().signal) =>
  rage({ faults: faults(events), seed: 7, durationMs: 200, everyMs: 5, say: () => {}, signal });

test('every kind has its turn, and each fault has ended when the storm is over', async () => {
  const events: string[] = [];
  const counts = await storm(events);
  expect(Object.keys(counts).sort()).toEqual(['a', 'b', 'c', 'd']);
  expect(Object.values(counts)).not.toContain(0);
  expect(events.filter((event) => event.endsWith('begins'))).toHaveLength(
    Object.values(counts).reduce((a, b) => a + b),
  );
  expect(events.filter((event) => event.endsWith('ends'))).toHaveLength(events.length / 2);
});

test('faults that hold the same subject never overlap', async () => {
  const events: string[] = [];
  await storm(events);
  const shared = events.filter((event) => /^[ab]/.test(event));
  expect(shared.length).toBeGreaterThan(4);
  for (let i = 0; i < shared.length; i += 2) expect(shared[i + 1]).toBe(shared[i]?.replace('begins', 'ends'));
});

test('a storm that is aborted still ends its faults', async () => {
  const events: string[] = [];
  const stopping = new AbortController();
  const running = storm(events, stopping.signal);
  await expect.poll(() => events.length).toBeGreaterThan(0);
  stopping.abort();
  await expect(running).rejects.toThrow();
  expect(events.filter((event) => event.endsWith('ends'))).toHaveLength(events.length / 2);
});
