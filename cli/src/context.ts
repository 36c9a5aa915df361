import { setTimeout as delay } from 'node:timers/promises';
import { type Configuration, type Environment, type RawSettings, readConfiguration } from '@friend-sync/connectors';
import { createLogger, Operations } from '@friend-sync/sync-service';
import { type Command, InvalidArgumentError } from 'commander';

/** What every command is given: the options of the program, the environment, and what follows from them. */
export interface Context {
  readonly configuration: Configuration;
  readonly json: boolean;
}

export interface GlobalOptions {
  readonly config: string;
  readonly json?: boolean;
  readonly set?: RawSettings;
}

/** A server that does not answer is not waited for any longer. */
const CLOSE_MS = 2_000;

export type Load = () => Context;

export function createLoad(program: Command, env: Environment): Load {
  return () => {
    const { config, json, set } = program.opts<GlobalOptions>();
    return { configuration: readConfiguration(config, env, set), json: json ?? false };
  };
}

/** Runs work with connections that are closed afterwards, however it ends. */
export async function withOperations<T>(
  configuration: Configuration,
  work: (operations: Operations) => Promise<T>,
): Promise<T> {
  const operations = new Operations(configuration, createLogger('fatal'));
  try {
    return await work(operations);
  } finally {
    await Promise.race([operations[Symbol.asyncDispose](), delay(CLOSE_MS, undefined, { ref: false })]);
  }
}

/** Collects `--set path=value`. */
export function collectSetting(argument: string, previous: RawSettings = {}): RawSettings {
  const [, path, value] = argument.match(/^([A-Za-z.]+)=(.*)$/s) ?? [];
  if (!path || value === undefined)
    throw new InvalidArgumentError('is not of the form path=value, e.g. admin.port=9000');
  const result = structuredClone(previous);
  const names = path.split('.');
  let inner = result;
  for (const name of names.slice(0, -1)) {
    inner[name] ??= {};
    inner = inner[name] as RawSettings;
  }
  inner[names.at(-1) ?? ''] = value;
  return result;
}
