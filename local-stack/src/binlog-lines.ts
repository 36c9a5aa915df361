import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { MysqlPrograms } from './mysql-download.ts';
import type { MysqlAddress } from './stack.ts';

/** What a server's binary logs hold from `firstLog` on, as `mysqlbinlog --verbose` prints it. */
export async function* binlogLines(
  programs: MysqlPrograms,
  server: MysqlAddress,
  firstLog: string,
): AsyncGenerator<string> {
  const { command, args } = programs.program('mysqlbinlog');
  const options = [
    '--no-defaults',
    '--read-from-remote-server',
    '--to-last-log',
    `--host=${server.host}`,
    `--port=${server.port}`,
    `--user=${server.rootUser}`,
    '--verbose',
    '--base64-output=DECODE-ROWS',
    firstLog,
  ];
  const child = spawn(command, [...args, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  let complaint = '';
  child.stderr.on('data', (chunk) => {
    complaint = (complaint + chunk).slice(-2_000);
  });
  yield* createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY });
  const [code] = await closed;
  if (code !== 0) throw new Error(`mysqlbinlog failed (exit ${code}): ${complaint.trim()}`);
}
