import type { Secret, Settings } from '@friend-sync/connectors';
import { SyncError } from '../../errors.ts';
import { openDatabase } from '../../infrastructure/mysql/server/database.ts';
import { PASSWORD, type RightsStatement } from './missing-rights.ts';
import type { DatabaseLogin } from './propose/propose-file.ts';

/** Who may make users and give rights, on the servers where somebody is named. */
export interface Administrators {
  readonly source: DatabaseLogin | undefined;
  readonly target: DatabaseLogin | undefined;
  /** For Kafka Connect's user on the friend server, whose password no setting holds. */
  readonly lateCopiesPassword: Secret | undefined;
}

const ANSWER_MS = 30_000;

/** Runs these statements as administrators, on the servers where one is named. Throws what a server refuses; the rest is left then. */
export async function giveRights(
  settings: Settings,
  administrators: Administrators,
  statements: readonly RightsStatement[],
): Promise<void> {
  for (const server of ['source', 'target'] as const) {
    const login = administrators[server];
    const own = statements.filter((one) => one.server === server);
    if (!login || own.length === 0) continue;
    await using database = openDatabase(
      { ...login, tls: settings[server].tls },
      { connections: 1, answerMs: ANSWER_MS },
    );
    for (const { sql, user } of own) {
      const password = user === undefined ? [] : [passwordOf(settings, administrators, server, user)];
      await database.write('giving rights', sql.replace(PASSWORD, '?'), password);
    }
  }
}

function passwordOf(
  settings: Settings,
  { lateCopiesPassword }: Administrators,
  server: 'source' | 'target',
  user: string,
): string {
  const isDaemon = user === settings[server].user;
  const password = (isDaemon ? settings[server].password : lateCopiesPassword)?.reveal();
  if (password) return password;
  const variable = isDaemon ? `FRIEND_SYNC_${server.toUpperCase()}__PASSWORD` : 'FRIEND_SYNC_LATE_COPIES_PASSWORD';
  throw new SyncError(
    'store_misconfigured',
    `no password was given for the user ${user}: set ${variable}, and begin again`,
  );
}
