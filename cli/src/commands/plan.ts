import { applyChanges, type Operations, type PlannedStep, planChanges } from '@friend-sync/sync-service';
import type { Command } from 'commander';
import { deadlineOf } from '../arguments.ts';
import { type Load, withOperations } from '../context.ts';
import { EXIT } from '../exit.ts';
import { printJson, talk, tellWait } from '../output.ts';
import { showSteps } from '../steps.ts';

const NOTHING = 'there is nothing to do: the system is what the configuration says';
const HELP = `
The exit code of plan is 0 whether or not there is something to do; --json tells which. Of settings it knows those that
show in connectors, topics and tables; others take effect when a daemon is restarted.`;

/** `friend-sync plan` and `apply`: what a changed configuration file would do to a running system, and doing it. */
export function addPlan(program: Command, load: Load): void {
  program
    .command('plan')
    .description('what is to be done for the system to be what the configuration says, in order; changes nothing')
    .addHelpText('after', HELP)
    .action(async () => {
      const { configuration, json } = load();
      const steps = await withOperations(configuration, planOf);
      if (json) return printJson({ steps });
      steps.forEach(showSteps());
      talk(steps.length === 0 ? NOTHING : 'nothing was changed; friend-sync apply --yes does this');
    });

  program
    .command('apply')
    .description('do what plan shows, step by step; waits while you restart daemons')
    .option('--yes', 'do it; without, only show it')
    .option('--deadline <seconds>', 'give up waiting for daemons and reads after so long', '3600')
    .action(async ({ yes = false, ...options }: { yes?: boolean; deadline: string }, command: Command) => {
      const deadlineMs = deadlineOf(options, command);
      const { configuration, json } = load();
      await withOperations(configuration, async (operations) => {
        const steps = await planOf(operations);
        const onStep = showSteps(json);
        const events = { onStep, mayDo: async () => true, onPart: talk, onWait: tellWait };
        const left = yes ? await applyChanges(operations, steps, deadlineMs, events) : steps;
        if (!yes) steps.forEach(onStep);
        if (json) printJson({ steps, executed: yes, left });
        if (steps.length === 0) talk(NOTHING);
        else if (!yes) talk('nothing was changed; add --yes to do this');
        else if (left.length === 0) talk('done: the system is what the configuration says');
        else talk('done, but for what is left to you above');
        if (yes && left.some(({ kind }) => kind === 'tables')) process.exitCode = EXIT.failed;
      });
    });
}

export function planOf(operations: Operations): Promise<PlannedStep[]> {
  return planChanges(operations.servers, () => operations.connectorDefinitions());
}
