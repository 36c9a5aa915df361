import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { prepareMysql } from '@friend-sync/local-stack';
import type { Pipeline } from './pipeline.ts';

/** Most rows of a table of the friend schema that one transaction has updated since `firstLog`, by the friend server's binary logs. */
export async function largestTransaction(pipeline: Pipeline, table: string, firstLog: string): Promise<number> {
  const { command, args } = (await prepareMysql(() => {})).program('mysqlbinlog');
  const options = [
    '--no-defaults',
    '--read-from-remote-server',
    '--to-last-log',
    '--host=127.0.0.1',
    `--port=${pipeline.stack.friendMysql.port}`,
    '--user=root',
    '--verbose',
    '--base64-output=DECODE-ROWS',
    firstLog,
  ];
  const child = spawn(command, [...args, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const update = `### UPDATE \`${pipeline.friendDb}\`.\`${table}\``;
  let [rows, largest] = [0, 0];
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === update) largest = Math.max(largest, ++rows);
    else if (line.startsWith('COMMIT')) rows = 0;
  }
  const [code] = await closed;
  if (code !== 0) throw new Error(`mysqlbinlog failed (exit ${code})`);
  return largest;
}
