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
  const child = spawn(process.execPath, command, { env: withOwn(env), stdio: ['ignore', 'pipe', 'inherit'] });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return { code, data: JSON.parse(output) };
}

/** The same without `--json`: its exit code and what it tells the operator. */
export async function hearCommand(
  { configFile, env }: Pick<Pipeline, 'configFile' | 'env'>,
  ...args: readonly string[]
): Promise<{ code: number; told: string }> {
  const command = [MAIN, '--config', configFile, ...args];
  const child = spawn(process.execPath, command, { env: withOwn(env), stdio: ['ignore', 'ignore', 'pipe'] });
  const [told, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code, told };
}

// biome-ignore lint/style/noProcessEnv: a child inherits the environment
const withOwn = (env: Readonly<Record<string, string>>) => ({ ...process.env, ...env });
