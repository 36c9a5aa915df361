import { createInterface } from 'node:readline/promises';
import type { ApplyEvents, PlannedStep } from '@friend-sync/sync-service';
import { print, talk } from './output.ts';

/** Shows each step, numbered; not to machines. */
export function showSteps(json = false): (step: PlannedStep) => void {
  let n = 0;
  return ({ what, commands, details }) => {
    if (json) return;
    n++;
    print(`${n}. ${what}`);
    for (const detail of details) print(`     ${detail.replaceAll('\n', '\n     ')}`);
    for (const command of commands) print(`   ${command}`);
    print('');
  };
}

/** Asks whether a step may be done, unless the answer was given with `--yes`. Where nobody can be asked, it may not. */
export function asking(yes: boolean): ApplyEvents['mayDo'] {
  return async ({ what }) => {
    if (yes) return true;
    if (!process.stdin.isTTY) {
      talk('nobody can be asked here: add --yes');
      return false;
    }
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return /^y(es)?$/i.test((await terminal.question(`${what}: do this? [y/N] `)).trim());
    } finally {
      terminal.close();
    }
  };
}
