import { existsSync, writeFileSync } from 'node:fs';
import { ConfigurationError, type Environment, Secret } from '@friend-sync/connectors';
import { type DatabaseLogin, type Proposal, proposeFile } from '@friend-sync/sync-service';
import type { Command } from 'commander';
import type { GlobalOptions } from '../context.ts';
import { EXIT } from '../exit.ts';
import { printJson, printTable, talk } from '../output.ts';

export const FORM = 'mysql://user:password@host:port/database';
export const VARIABLES = { user: 'FRIEND_SYNC_USER_URL', friend: 'FRIEND_SYNC_FRIEND_URL' } as const;

/** `friend-sync init`: proposes the configuration file. */
export function addInit(program: Command, env: Environment): void {
  program
    .command('init')
    .description('look at two databases, read-only, and write a configuration file that names what is a copy of what')
    // Read below: what commander says of a value repeats it, with its password.
    .option('--user-url <url>', `the user database, ${FORM}, as any user that may read it (${VARIABLES.user})`)
    .option('--friend-url <url>', `the friend database, likewise (${VARIABLES.friend})`)
    .action(async (given: { userUrl?: string; friendUrl?: string }, command: Command) => {
      const { config: file, json } = command.optsWithGlobals<GlobalOptions>();
      if (existsSync(file)) throw refusal(file);
      const user = loginOf('user', given.userUrl, env, command);
      const friend = loginOf('friend', given.friendUrl, env, command);
      talk(`looking at ${user.database} and ${friend.database}`);
      const { proposal, text } = await proposeFile(user, friend, file, {
        brokers: env.FRIEND_SYNC_KAFKA__BROKERS?.split(','),
        registryUrl: env.FRIEND_SYNC_REGISTRY__URL,
        connectUrl: env.FRIEND_SYNC_CONNECT__URL,
      });
      if (text !== undefined) write(file, text);
      else process.exitCode = EXIT.failed;
      if (json) return printJson({ file: text === undefined ? null : file, ...proposal });
      tell(proposal, text === undefined ? undefined : file);
    });
}

function loginOf(of: keyof typeof VARIABLES, given: string | undefined, env: Environment, command: Command) {
  return (
    givenLogin(of, given, env, command) ?? command.error(`error: ${nameOf(of)} is missing; it is of the form ${FORM}`)
  );
}

const nameOf = (of: keyof typeof VARIABLES) => `--${of}-url (or ${VARIABLES[of]})`;

/** Undefined: none is given. Says nothing of the text itself: it may hold a password wherever it is wrong. */
export function givenLogin(
  of: keyof typeof VARIABLES,
  given: string | undefined,
  env: Environment,
  command: Command,
): DatabaseLogin | undefined {
  const text = given ?? env[VARIABLES[of]];
  if (text === undefined) return undefined;
  const login = parseLogin(text);
  const name = nameOf(of);
  const remedy = 'write %40 for @ in a name or password, %2F for /, and so on';
  return login ?? command.error(`error: ${name} is not of the form ${FORM}; ${remedy}`);
}

function parseLogin(text: string): DatabaseLogin | undefined {
  try {
    const { protocol, username, password, hostname, port, pathname, search, hash } = new URL(text);
    const database = decodeURIComponent(pathname.slice(1));
    if (protocol !== 'mysql:' || !username || !hostname || !database || pathname.includes('/', 1) || search || hash)
      return undefined;
    return {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || 3306),
      user: decodeURIComponent(username),
      password: new Secret(decodeURIComponent(password)),
      database,
    };
  } catch {
    return undefined;
  }
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw refusal(file);
    throw refusal(
      file,
      'it cannot be written',
      'name a file in a folder that is there and may be written to, with --config FILE',
    );
  }
}

function refusal(
  file: string,
  problem = 'there is such a file already',
  remedy = 'init overwrites none: name another one with --config FILE, or move this one away',
): ConfigurationError {
  return new ConfigurationError([{ file, line: 0, column: 0, path: '', problem, remedy }]);
}

function tell({ sources, leftOut }: Proposal, file: string | undefined): void {
  if (file === undefined) {
    for (const { table, key, set, source, why } of leftOut)
      talk(`left out: ${table}.${set.map(({ column }) => column).join(', ')} by ${key}, of ${source}: ${why}`);
    talk('nothing was written: no column was found to be a copy; friend-sync.example.yaml is a file to begin with');
    return;
  }
  const rows = sources.flatMap(({ table, copies }) =>
    copies.map((copy) => [
      `${table.database}.${table.table}`,
      `${copy.table}.${copy.key}`,
      copy.set.map(({ column, from }) => `${column}=${from}`).join(' '),
    ]),
  );
  printTable(['SOURCE', 'COPY', 'COLUMNS'], rows);
  const given = file === './friend-sync.yaml' ? '' : ` --config ${file}`;
  talk(
    `\nwrote ${file}${leftOut.length > 0 ? `, which also says what was left out, and why (${leftOut.length})` : ''}; next:`,
  );
  const steps = [
    ['', 'read the file: what is under set will be overwritten'],
    ['', 'set the passwords that the file names, here and where Kafka Connect runs'],
    [
      'up',
      'makes users, tables, topics and connectors, each step shown before; it waits for the daemon, and compares every copy',
    ],
    ['start', 'runs the daemon, when up asks for it; it begins with the first load'],
  ] as const;
  for (const [step, what] of steps) talk(step ? `  friend-sync${given} ${step}: ${what}` : `  ${what}`);
}
