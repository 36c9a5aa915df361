#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
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
import { EXIT, EXIT_CODES_HELP, explain } from './exit.ts';
import { talk } from './output.ts';

// biome-ignore lint/style/noProcessEnv: the one place of the CLI that reads the environment
const env = process.env;

const program = new Command('friend-sync')
  .description("keeps copies of a user table's columns equal to their source")
  .version('0.1.0')
  .option('--config <file>', 'configuration file (FRIEND_SYNC_CONFIG)', env.FRIEND_SYNC_CONFIG ?? './friend-sync.yaml')
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
for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)])
  command.exitOverride();

// Who reads no further, as `| head` does, has what was wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed);
});

/** What was asked of a server that does not answer keeps no command from ending. */
const END_MS = 1_000;

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  else {
    const { message, code } = explain(error);
    talk(program.opts<{ json?: boolean }>().json ? JSON.stringify({ error: message }) : message);
    process.exitCode = code;
  }
}
setTimeout(() => process.exit(), END_MS).unref();
