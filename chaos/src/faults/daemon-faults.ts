import { setTimeout as delay } from 'node:timers/promises';
import { LEASE_MS, SESSION_TIMEOUT_MS, type System } from '../system.ts';
import { TARGETS } from './alterations.ts';
import type { Fault } from './fault.ts';
import { linkTo } from './network-faults.ts';
import { persevere } from './persevere.ts';

/** How long a rolling restart waits for an instance before it goes on to the next, ready or not. */
const ROLLING_READY_MS = 5_000;
/** Past both, so that another instance takes over all that the one which stands still had. */
const TAKEN_OVER_MS = Math.max(LEASE_MS, SESSION_TIMEOUT_MS) + 2_000;

/** One daemon is killed or stands still; all are restarted, one after another or at once; an operator pauses them. */
export function daemonFaults({ daemons, command }: System): Fault[] {
  const all = daemons.map(({ name }) => name);
  return [
    {
      kind: 'daemon killed',
      subjects: all,
      async inflict(random) {
        const daemon = random.pick(daemons);
        await daemon.end('SIGKILL');
        await delay(random.between(0, 5_000));
        daemon.start();
      },
    },
    {
      kind: 'daemon stands still',
      subjects: all,
      async inflict(random) {
        const daemon = random.pick(daemons);
        daemon.pause();
        await delay(TAKEN_OVER_MS + random.between(0, 4_000));
        daemon.resume();
      },
    },
    {
      kind: 'daemons restarted one by one',
      subjects: all,
      async inflict() {
        for (const daemon of daemons) {
          await daemon.end('SIGTERM');
          daemon.start();
          await daemon.isReadyWithin(ROLLING_READY_MS);
        }
      },
    },
    {
      kind: 'daemons restarted at once',
      subjects: all,
      async inflict(random) {
        const signal = random.pick(['SIGKILL', 'SIGTERM'] as const);
        await Promise.all(daemons.map((daemon) => daemon.end(signal)));
        await delay(random.between(0, 2_000));
        for (const daemon of daemons) daemon.start();
      },
    },
    {
      kind: 'fan-out paused and resumed',
      subjects: ['pause'],
      async inflict(random) {
        await persevere(() => command('pause'));
        await delay(random.between(2_000, 20_000));
        await persevere(() => command('resume'));
      },
    },
  ];
}

/** One daemon is of the version before for a while; `main` is the command line of that. */
export function olderDaemon({ daemons, links }: System, main: string): Fault {
  return {
    kind: 'daemon of the version before',
    // What that one is known to be no match for does not happen meanwhile.
    subjects: [...daemons.map(({ name }) => name), ...TARGETS, ...Object.keys(links).map(linkTo)],
    async inflict(random) {
      const daemon = random.pick(daemons);
      await daemon.end('SIGTERM');
      daemon.start(main);
      await delay(random.between(20_000, 40_000));
      await daemon.end('SIGTERM');
      daemon.start();
    },
  };
}
