import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { givenSecrets } from './environment.ts';
import { openMysqlClient } from './mysql-client.ts';
import { PART_NAMES, type PartName } from './part.ts';
import { exportsOf, settingsOf } from './settings-lines.ts';
import { attachStack, openStack, type Stack } from './stack.ts';

const USAGE = `npm run stack -- up | down | status | logs PART | mysql user | mysql friend | env USER_DB FRIEND_DB
                  [--data DIR] [--json]

  up      starts every part that does not run, and says where it listens, and the settings for friend-sync.yaml; MySQL's
          root has no password, and Connect gets this shell's FRIEND_SYNC_… variables, for the passwords to which its
          connectors refer
  down    ends every part; the data stays
  status  which parts run, and the same settings
  logs    the end of a part's log: ${PART_NAMES.join(', ')}
  mysql   a client of the user or the friend server, as root; reads SQL from its input
  env     what friend-sync init and up are told by a shell, for these two databases; use it as
          eval "$(npm run --silent stack -- env USER_DB FRIEND_DB)"

exit codes: 0 done, 1 failed or a part does not run, 2 wrong usage`;

const talk = (line: string) => process.stderr.write(`${line}\n`);
const print = (text: string) => process.stdout.write(`${text}\n`);

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      data: { type: 'string', default: fileURLToPath(new URL('../../.stack/default', import.meta.url)) },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    print(USAGE);
    return 0;
  }
  const [command, argument, another] = positionals;
  const dataDir = values.data;
  if (command === 'up') {
    const stack = await openStack({ dataDir, detached: true, connectEnv: givenSecrets, onProgress: talk });
    show(stack, values.json ?? false);
    return 0;
  }
  if (command === 'logs' && !PART_NAMES.includes(argument as PartName)) return usage(`unknown part ${argument ?? ''}`);
  if (command === 'mysql' && argument !== 'user' && argument !== 'friend') return usage('mysql user, or mysql friend?');
  if (command === 'env' && !(argument && another)) return usage('env of which databases?');
  if (!['down', 'status', 'logs', 'mysql', 'env'].includes(command ?? ''))
    return usage(`unknown command ${command ?? ''}`);
  const stack = attachStack(dataDir);
  if (!stack) {
    talk('no stack has been started here: npm run stack -- up');
    return command === 'down' ? 0 : 1;
  }
  if (command === 'logs') print(stack.logTail(argument as PartName, 200));
  if (command === 'env') print(exportsOf(stack, argument ?? '', another ?? ''));
  if (command === 'down') await stack.down();
  if (command === 'status') return show(stack, values.json ?? false);
  if (command === 'mysql') return openMysqlClient(argument === 'user' ? stack.userMysql : stack.friendMysql);
  return 0;
}

function show(stack: Stack, asJson: boolean): number {
  const addresses: Record<PartName, string> = {
    'user-mysql': `${stack.userMysql.host}:${stack.userMysql.port}`,
    'friend-mysql': `${stack.friendMysql.host}:${stack.friendMysql.port}`,
    kafka: stack.kafkaBrokers,
    registry: stack.registryUrl,
    connect: stack.connectUrl,
  };
  const parts = PART_NAMES.map((part) => ({ part, address: addresses[part], pid: stack.pid(part) ?? null }));
  if (asJson) print(JSON.stringify(parts));
  else
    for (const { part, address, pid } of parts)
      print(`${part.padEnd(13)} ${address.padEnd(28)} ${pid ? `runs, pid ${pid}` : 'does not run'}`);
  if (!asJson) print(`\nfor friend-sync.yaml, with the database of your copies:\n\n${settingsOf(stack)}`);
  const dead = parts.filter(({ pid }) => pid === null);
  for (const { part } of dead) talk(`${part} does not run; the end of its log:\n${stack.logTail(part, 10)}`);
  return dead.length ? 1 : 0;
}

function usage(problem: string): number {
  talk(`${problem}\n\n${USAGE}`);
  return 2;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    talk(error.message);
    process.exitCode = 1;
  },
);
