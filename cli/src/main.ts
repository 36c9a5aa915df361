#!/usr/bin/env node
import { CommanderError } from 'commander';
import { EXIT, explain } from './exit.ts';
import { talk } from './output.ts';
import { createProgram } from './program.ts';

// biome-ignore lint/style/noProcessEnv: the one place of the CLI that reads the environment
const env = process.env;

const program = createProgram(env);

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
