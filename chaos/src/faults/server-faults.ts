import { setTimeout as delay } from 'node:timers/promises';
import { PART_NAMES, type PartName, type Stack } from '@friend-sync/local-stack';
import type { Fault } from './fault.ts';

/** Each server is killed, restarted in order, or stands still. */
export function serverFaults(stack: Stack): Fault[] {
  return PART_NAMES.flatMap(
    (part) =>
      [
        {
          kind: `${part} killed`,
          subjects: [part],
          async inflict(random) {
            stack.kill(part);
            await ended(stack, part);
            await delay(random.between(0, 6_000));
            await stack.start(part);
          },
        },
        {
          kind: `${part} restarted`,
          subjects: [part],
          async inflict(random) {
            await stack.stop(part);
            await delay(random.between(0, 3_000));
            await stack.start(part);
          },
        },
        {
          kind: `${part} stands still`,
          subjects: [part],
          async inflict(random) {
            stack.kill(part, 'SIGSTOP');
            await delay(random.between(1_000, 12_000));
            stack.kill(part, 'SIGCONT');
          },
        },
      ] satisfies Fault[],
  );
}

async function ended(stack: Stack, part: PartName): Promise<void> {
  while (stack.pid(part) !== undefined) await delay(20);
}
