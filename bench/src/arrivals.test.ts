import { expect, test } from 'vitest';
import { readCommits } from './arrivals.ts';

/** As `mysqlbinlog --verbose` of MySQL 9.7 prints it. */
const OUTPUT = `# immediate_commit_timestamp=1795853000123456 (2026-11-28 08:03:20.123456 UTC)
BEGIN
### INSERT INTO \`friend_sync\`.\`mirror_user\`
### SET
###   @4=1
COMMIT/*!*/;
# immediate_commit_timestamp=1795853001500000 (2026-11-28 08:03:21.500000 UTC)
BEGIN
### UPDATE \`friend_db\`.\`im_friend\`
### WHERE
###   @1=1
###   @4='Nick first 1'
### SET
###   @1=1
###   @4='Nick quiet1 7'
### UPDATE \`friend_db\`.\`im_friend\`
### WHERE
###   @1=2
###   @4='Nick first 1'
### SET
###   @1=2
###   @4='Nick quiet1 7'
### UPDATE \`friend_sync\`.\`consumed\`
### WHERE
###   @4=3
### SET
###   @4=4
COMMIT/*!*/;`;

test('of each transaction that wrote the table: when it was committed, how many rows, and the values that they have now', async () => {
  const lines = (async function* () {
    yield* OUTPUT.split('\n');
  })();
  const commits = [];
  for await (const commit of readCommits(lines, '`friend_db`.`im_friend`')) commits.push(commit);
  expect(commits).toEqual([{ atMs: 1_795_853_001_500, rows: 2, nicks: new Set(['Nick quiet1 7']) }]);
});
