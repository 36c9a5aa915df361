import type { Environment } from '@friend-sync/connectors';
import { Command } from 'commander';
import { addBackfill } from './commands/backfill.ts';
import { addCompletion } from './commands/completion.ts';
import { addConnectors } from './commands/connectors.ts';
import { addDeadLetters } from './commands/dead-letters.ts';
import { addDoctor } from './commands/doctor.ts';
import { addEpoch } from './commands/epoch.ts';
import { addExplain } from './commands/explain.ts';
import { addGone } from './commands/gone.ts';
import { addGrants } from './commands/grants.ts';
import { addInit } from './commands/init.ts';
import { addMark } from './commands/mark.ts';
import { addMigrate } from './commands/migrate.ts';
import { addOffsets } from './commands/offsets.ts';
import { addParked } from './commands/parked.ts';
import { addPause } from './commands/pause.ts';
import { addPlan } from './commands/plan.ts';
import { addSettings } from './commands/settings.ts';
import { addStart } from './commands/start.ts';
import { addStatus } from './commands/status.ts';
import { addUp } from './commands/up.ts';
import { addVerify } from './commands/verify.ts';
import { collectSetting, createLoad } from './context.ts';
import { addExamples } from './examples.ts';
import { EXIT_CODES_HELP } from './exit.ts';

/** The command line, with every command. */
export function createProgram(env: Environment): Command {
  const program = new Command('friend-sync')
    .description("keeps copies of a user table's columns equal to their source")
    .version('0.1.0')
    .option(
      '--config <file>',
      'configuration file (FRIEND_SYNC_CONFIG)',
      env.FRIEND_SYNC_CONFIG ?? './friend-sync.yaml',
    )
    .option('--set <path=value>', 'override a setting; may be repeated', collectSetting)
    .option('--json', 'data as JSON on stdout')
    .addHelpText('after', EXIT_CODES_HELP)
    .showHelpAfterError('(friend-sync --help lists the commands)')
    .exitOverride();

  const load = createLoad(program, env);
  addInit(program, env);
  addUp(program, load, env);
  addStatus(program, load, env);
  for (const add of [
    addStart,
    addMigrate,
    addConnectors,
    addPlan,
    addOffsets,
    addBackfill,
    addVerify,
    addExplain,
    addDeadLetters,
    addParked,
    addMark,
    addEpoch,
    addGone,
    addPause,
    addGrants,
    addDoctor,
    addSettings,
    addCompletion,
  ])
    add(program, load);

  // A command made before inherits nothing that is set later; its usage errors end here as well.
  for (const command of withInner(program)) command.exitOverride();
  addExamples(program);
  return program;
}

function withInner(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withInner)];
}
