import { accountOf, type Grant, renderGrants } from '@friend-sync/connectors';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import { isRejected } from '../../infrastructure/mysql/server/fault.ts';
import { FRIEND_DATABASE, USER_DATABASE } from '../../infrastructure/mysql/store.ts';
import { compareRights, grantsOf, revocationsOf } from './rights.ts';
import type { Servers } from './servers.ts';

/** What an administrator is to run. */
export interface RightsStatement {
  readonly server: Grant['server'];
  readonly sql: string;
  /** It makes this user, with a password in the place of {@link PASSWORD}. */
  readonly user?: string;
}

export interface FoundRights {
  readonly missing: readonly RightsStatement[];
  readonly surplus: readonly RightsStatement[];
  /** A server does not let our user in, and more cannot be told. */
  readonly isRejected: boolean;
}

/** Stands for a password that is not shown. */
export const PASSWORD = "'…'";
const NAMES = { source: USER_DATABASE, target: FRIEND_DATABASE };

/** As an administrator reads it. */
export const toldOf = ({ server, sql }: RightsStatement) => `${sql} -- on ${NAMES[server]}`;

/** The rights of our users that are missing, and those that nothing needs any more. */
export async function findRights({ configuration, source, target }: Servers): Promise<FoundRights> {
  const { lateCopies, source: userServer, target: friendServer } = configuration.settings;
  const atSource = await compare(source, 'source', userServer.user, grantsOf(configuration, 'source'));
  const atTarget = await compare(target, 'target', friendServer.user, grantsOf(configuration, 'target'));
  // Nobody tells us of another user's: who may not read a new table needs it for the late copies as well.
  const objects = atTarget.missing.map(({ sql }) => objectOf(sql));
  const isLate = ({ server, user }: Grant) =>
    server === 'target' && user === lateCopies.user && user !== friendServer.user;
  const late = renderGrants(configuration).filter(
    (one) => isLate(one) && (atTarget.isRejected || objects.includes(objectOf(one.sql))),
  );
  const isMade = late.length > 0 && atTarget.isRejected;
  return {
    missing: [
      ...atSource.missing,
      // Before those that are looked at again: broken off in between, they would not be told any more.
      ...(isMade ? [creation('target', lateCopies.user)] : []),
      ...late.map(({ sql }) => ({ server: 'target' as const, sql })),
      ...atTarget.missing,
    ],
    surplus: [...atSource.surplus, ...atTarget.surplus],
    isRejected: atSource.isRejected || atTarget.isRejected,
  };
}

const objectOf = (sql: string) => sql.match(/ ON (.+) TO /)?.[1];

function creation(server: Grant['server'], user: string): RightsStatement {
  return { server, user, sql: `CREATE USER IF NOT EXISTS ${accountOf(user)} IDENTIFIED BY ${PASSWORD};` };
}

/** An administrator's rights are left to it. Who is not let in has yet to be made, or has another password. */
async function compare(
  database: Database,
  server: Grant['server'],
  user: string,
  needed: readonly Grant[],
): Promise<FoundRights> {
  const on = (sql: string): RightsStatement => ({ server, sql });
  try {
    const differences = await compareRights(database, needed);
    const missing = differences.missing.map(({ sql }) => on(sql));
    return { missing, surplus: revocationsOf(differences).map(on), isRejected: false };
  } catch (error) {
    if (!isRejected(error)) throw error;
    const missing = [creation(server, user), ...needed.map(({ sql }) => on(sql))];
    return { missing, surplus: [], isRejected: true };
  }
}
