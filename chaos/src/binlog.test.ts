import { expect, test } from 'vitest';
import { parseRowChanges, type RowChange } from './binlog.ts';

/** As `mysqlbinlog --verbose` of MySQL 9.7 prints it. */
const OUTPUT = `BEGIN
/*!*/;
# at 412
#260301 10:00:00 server id 2  end_log_pos 483 CRC32 0x1 	Table_map: \`friend_db\`.\`im_friend\` mapped to number 97
# has_generated_invisible_primary_key=0
# at 483
#260301 10:00:00 server id 2  end_log_pos 541 CRC32 0x2 	Write_rows: table id 97 flags: STMT_END_F
### INSERT INTO \`friend_db\`.\`im_friend\`
### SET
###   @1=7
###   @2='u17#000123 🎈'
###   @3=NULL
### INSERT INTO \`friend_db\`.\`im_friend\`
### SET
###   @1=8
###   @2='it''s = @2'
###   @3='x'
# at 541
#260301 10:00:00 server id 2  end_log_pos 600 CRC32 0x3 	Update_rows: table id 97 flags: STMT_END_F
### UPDATE \`friend_db\`.\`im_friend\`
### WHERE
###   @1=7
###   @2='u17#000123 🎈'
###   @3=NULL
### SET
###   @1=7
###   @2=NULL
###   @3='y'
# at 600
### DELETE FROM \`friend_db\`.\`im_friend\`
### WHERE
###   @1=8`;

async function parsed(text: string): Promise<RowChange[]> {
  const lines = (async function* () {
    yield* text.split('\n');
  })();
  const changes: RowChange[] = [];
  for await (const change of parseRowChanges(lines)) changes.push(change);
  return changes;
}

const image = (...values: string[]) => new Map(values.map((value, i) => [i + 1, value]));

test('every row of every statement is read, with the images that it has', async () => {
  const table = 'friend_db.im_friend';
  expect(await parsed(OUTPUT)).toEqual([
    { table, before: undefined, after: image('7', "'u17#000123 🎈'", 'NULL') },
    { table, before: undefined, after: image('8', "'it''s = @2'", "'x'") },
    { table, before: image('7', "'u17#000123 🎈'", 'NULL'), after: image('7', 'NULL', "'y'") },
    { table, before: image('8'), after: undefined },
  ]);
});
