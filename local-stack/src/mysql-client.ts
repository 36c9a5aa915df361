import { spawn } from 'node:child_process';
import { prepareMysql } from './mysql-download.ts';
import type { MysqlAddress } from './stack.ts';

/** Runs MySQL's client on a server in this terminal, as root; its exit code. */
export async function openMysqlClient({ host, port, rootUser }: MysqlAddress): Promise<number> {
  const { command, args } = (await prepareMysql(() => {})).program('mysql');
  const login = [
    '--no-defaults',
    `--host=${host}`,
    `--port=${port}`,
    `--user=${rootUser}`,
    '--default-character-set=utf8mb4',
  ];
  const child = spawn(command, [...args, ...login], { stdio: 'inherit' });
  // Ctrl-C is the client's: it ends a statement, or the client.
  process.on('SIGINT', () => {});
  return new Promise((resolve, reject) => {
    child.once('error', () => reject(new Error(`the client ${command} cannot be run; install MySQL's client`)));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
