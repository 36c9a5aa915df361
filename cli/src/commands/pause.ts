import type { Command } from 'commander';
import { type Load, withOperations } from '../context.ts';
import { printJson, talk } from '../output.ts';

/** `friend-sync pause` and `resume`: hold the writes to copies, and let them go on. */
export function addPause(program: Command, load: Load): void {
  const command = (name: 'pause' | 'resume', description: string, done: string) =>
    program
      .command(name)
      .description(description)
      .action(async () => {
        const { configuration, json } = load();
        await withOperations(configuration, (operations) => operations[name]());
        if (json) return printJson({ paused: name === 'pause' });
        talk(done);
      });
  command(
    'pause',
    'hold the writes to copies in every daemon; changes are stored meanwhile',
    'paused: within two seconds no daemon writes to copies; friend-sync resume lets them go on',
  );
  command('resume', 'let the writes to copies go on', 'resumed');
}
