import { controlRounds, type RoundControl } from '@friend-sync/sync-service';
import { type Command, InvalidArgumentError } from 'commander';
import { countOf, sourcesOf } from '../arguments.ts';
import { type Load, withOperations } from '../context.ts';
import { EXIT } from '../exit.ts';
import { printJson, talk } from '../output.ts';

/** `friend-sync backfill pause, resume, stop, rate`: a first load, or a backfill of every row, that is under way. */
export function addRoundControls(backfill: Command, load: Load): void {
  const add = (name: string, description: string) =>
    backfill.command(name).description(description).option('--source <name...>', 'only over these sources');

  const control = async (command: Command, wanted: RoundControl, done: string) => {
    const { configuration, json } = load();
    // The command above has an option of this name, and takes it.
    const { source } = command.optsWithGlobals<{ source?: string[] }>();
    const names = sourcesOf(configuration, source, command).map((one) => one.name);
    const without = await withOperations(configuration, async (operations) =>
      controlRounds(await operations.store(), names, wanted),
    );
    const obeying = names.filter((name) => !without.includes(name));
    if (obeying.length === 0) process.exitCode = EXIT.failed;
    if (json) return printJson({ ...wanted, sources: obeying });
    for (const name of obeying) talk(`${name}: ${done}`);
    for (const name of without) talk(`${name}: no round is under way or asked for`);
  };

  add('pause', 'hold a first load, a backfill of every row and the patrol; changes are applied all the while').action(
    (_, command: Command) =>
      control(command, { kind: 'pause' }, 'within seconds no rows are read; friend-sync backfill resume goes on there'),
  );
  add('resume', 'let them go on where they stood').action((_, command: Command) =>
    control(command, { kind: 'resume' }, 'goes on where it stood'),
  );
  add('stop', 'give up what is under way; the patrol reads every row in its own time').action((_, command: Command) => {
    const seconds = load().configuration.settings.patrol.intervalSeconds;
    const done = `stopped; what it has not read, the patrol reads: its round begins within ${seconds} s`;
    return control(command, { kind: 'stop', seconds }, done);
  });
  add('rate', 'have what is under way read slower or faster, until it ends')
    .argument('<rows>', 'most rows a second; default: as the settings say', rateOf)
    .action((rowsPerSecond: number | undefined, _, command: Command) => {
      const most = rowsPerSecond === undefined ? 'as many rows as the settings say' : `at most ${rowsPerSecond} rows`;
      return control(command, { kind: 'rate', rowsPerSecond }, `reads ${most} a second`);
    });
}

function rateOf(text: string): number | undefined {
  const rate = text === 'default' ? undefined : countOf(text);
  if (rate === 0) throw new InvalidArgumentError('To read nothing, pause.');
  return rate;
}
