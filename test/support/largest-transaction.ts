import { binlogLines, prepareMysql } from '@friend-sync/local-stack';
import type { Pipeline } from './pipeline.ts';

/** Most rows of a table of the friend schema that one transaction has updated since `firstLog`, by the friend server's binary logs. */
export async function largestTransaction(pipeline: Pipeline, table: string, firstLog: string): Promise<number> {
  const update = `### UPDATE \`${pipeline.friendDb}\`.\`${table}\``;
  let [rows, largest] = [0, 0];
  for await (const line of binlogLines(await prepareMysql(() => {}), pipeline.stack.friendMysql, firstLog)) {
    if (line === update) largest = Math.max(largest, ++rows);
    else if (line.startsWith('COMMIT')) rows = 0;
  }
  return largest;
}
