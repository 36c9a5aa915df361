import { setTimeout as delay } from 'node:timers/promises';
import type { Links } from '../system.ts';
import type { Fault } from './fault.ts';

const LATENCY_MS = 100;
/** Longer than anything waits for an answer (docs/waits.md): nothing but that ends the wait. */
const SILENT_MS = 70_000;

/** Each link is cut, half-open, slow, or silent for good on the connections that there are. */
export function networkFaults(links: Links): Fault[] {
  return (Object.keys(links) as (keyof Links)[]).flatMap((name) => {
    const link = links[name];
    const subjects = [linkTo(name)];
    return [
      {
        kind: `link to ${name} cut`,
        subjects,
        async inflict(random) {
          link.cut();
          await delay(random.between(0, 8_000));
          link.heal();
        },
      },
      {
        kind: `link to ${name} half-open`,
        subjects,
        async inflict(random) {
          link.stall();
          await delay(random.between(1_000, 12_000));
          // The network comes back with or without its memory of the connections.
          if (random.isOneIn(2)) link.reset();
          link.heal();
        },
      },
      {
        kind: `link to ${name} silent`,
        subjects,
        async inflict() {
          link.silence();
          await delay(SILENT_MS);
        },
      },
      {
        kind: `link to ${name} slow`,
        subjects,
        async inflict(random) {
          link.slow(LATENCY_MS);
          await delay(random.between(2_000, 10_000));
          link.heal();
        },
      },
    ] satisfies Fault[];
  });
}

/** What faults of a link take hold of. */
export function linkTo(name: string): string {
  return `link to ${name}`;
}
