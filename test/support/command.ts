import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { MAIN } from './daemon.ts';
import type { Pipeline } from './pipeline.ts';

/** Runs `friend-sync --json …` as an operator does: its exit code and its data. */
export async function runCommand(
  { configFile, env }: Pick<Pipeline, 'configFile' | 'env'>,
  ...args: readonly string[]
): Promise<{ code: number; data: unknown }> {
  const command = [MAIN, '--config', configFile, '--json', ...args];
  // biome-ignore lint/style/noProcessEnv: a child inherits the environment
  const whole = { ...process.env, ...env };
  const child = spawn(process.execPath, command, { env: whole, stdio: ['ignore', 'pipe', 'inherit'] });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return { code, data: JSON.parse(output) };
}
