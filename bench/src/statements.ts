import type { Database } from '@friend-sync/sync-service';

/** What a statement is for, by its digest; the first that fits. */
const PURPOSES: readonly (readonly [purpose: string, digest: RegExp])[] = [
  ['rows of a round, a page', /FROM `user_db` \. `im_user`.* ORDER BY .* LIMIT/],
  ['rows of keys, values', /^SELECT .*`nick_name`.*FROM `user_db` \. `im_user` WHERE .* IN/],
  ['rows of keys, whether they are there', /FROM `user_db` \. `im_user` WHERE .* IN/],
  ['is the table empty', /FROM `user_db` \. `im_user` LIMIT/],
  ['GTIDs, with rows that are read', /gtid_mode/i],
  ['GTIDs: is the history whole', /AS `(rest|purged)`/],
  ['GTIDs and logs: barriers', /gtid_executed|GTID_SUBTRACT|GTID_SUBSET|SHOW BINLOG EVENTS|SHOW BINARY LOG/i],
  ['begin and end', /^(SET TRANSACTION|START TRANSACTION|COMMIT|ROLLBACK)/],
  ['session settings', /^(SET|SELECT @@|SHOW.* VARIABLES)/],
  ["the tables' definitions", /information_schema|SHOW CREATE|SHOW (FULL )?TABLES|SHOW (FULL )?COLUMNS/i],
];

/** Statements a second of one user of a server. */
export interface StatementRates {
  readonly all: number;
  readonly byPurpose: Readonly<Record<string, number>>;
}

export interface StatementCount {
  /** What is asked while this is being done. */
  during(work: () => Promise<unknown>): Promise<StatementRates>;
}

/** Counts what one user of a server asks; nobody else is counted from here on. */
export async function countStatements(root: Database, account: string): Promise<StatementCount> {
  await root.write('counting', "UPDATE performance_schema.setup_actors SET ENABLED = 'NO'");
  await root.write('counting', "INSERT INTO performance_schema.setup_actors VALUES ('%', ?, '%', 'YES', 'YES')", [
    account,
  ]);
  await root.write(
    'counting',
    "UPDATE performance_schema.threads SET INSTRUMENTED = IF(PROCESSLIST_USER = ?, 'YES', 'NO') WHERE TYPE = 'FOREGROUND'",
    [account],
  );
  return { during };

  async function during(work: () => Promise<unknown>): Promise<StatementRates> {
    await root.write('counting', 'TRUNCATE performance_schema.events_statements_summary_by_digest');
    const began = performance.now();
    await work();
    const seconds = (performance.now() - began) / 1_000;
    const rows = await root.rows(
      'counting',
      'SELECT DIGEST_TEXT AS digest, COUNT_STAR AS n FROM performance_schema.events_statements_summary_by_digest',
    );
    const byPurpose: Record<string, number> = {};
    let all = 0;
    for (const { digest, n } of rows) {
      const purpose = PURPOSES.find(([, text]) => text.test(String(digest)))?.[0] ?? String(digest).slice(0, 60);
      byPurpose[purpose] = (byPurpose[purpose] ?? 0) + Number(n);
      all += Number(n);
    }
    for (const purpose of Object.keys(byPurpose)) byPurpose[purpose] = perSecond(byPurpose[purpose] ?? 0, seconds);
    return { all: perSecond(all, seconds), byPurpose };
  }
}

const perSecond = (n: number, seconds: number) => Math.round((n / seconds) * 100) / 100;
