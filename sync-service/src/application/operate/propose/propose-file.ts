import type { Secret } from '@friend-sync/connectors';
import { SyncError } from '../../../errors.ts';
import { type Database, openDatabase } from '../../../infrastructure/mysql/server/database.ts';
import { FRIEND_DATABASE, USER_DATABASE } from '../../../infrastructure/mysql/store.ts';
import { type Proposal, propose } from './propose.ts';
import { type DatabasePlace, type OtherPlaces, renderProposal } from './render.ts';

/** A database, and who looks at it: any user that may read it. */
export interface DatabaseLogin extends DatabasePlace {
  readonly user: string;
  readonly password: Secret;
}

const ANSWER_MS = 30_000;
const HINT =
  'check --user-url and --friend-url, or FRIEND_SYNC_USER_URL and FRIEND_SYNC_FRIEND_URL: they name a user that may read the tables';

/** Proposes the text of a configuration file for two databases; `text` is undefined where nothing looks like a copy. */
export async function proposeFile(
  user: DatabaseLogin,
  friend: DatabaseLogin,
  file: string,
  places: OtherPlaces = {},
): Promise<{ readonly proposal: Proposal; readonly text: string | undefined }> {
  const source = openForReading(user, USER_DATABASE);
  const target = openForReading(friend, FRIEND_DATABASE);
  try {
    const proposal = await propose(source, target, { user: user.database, friend: friend.database });
    return renderProposal(proposal, user, friend, file, places);
  } catch (error) {
    if (!(error instanceof SyncError) || error.kind === 'internal') throw error;
    throw new SyncError(error.kind, error.message, { cause: error.cause, hint: HINT });
  } finally {
    await Promise.all([source, target].map((database) => database[Symbol.asyncDispose]()));
  }
}

/** Writes are refused, no row is locked, and no statement takes longer than a moment. */
function openForReading({ host, port, user, password }: DatabaseLogin, sourceName: string): Database {
  const server = { host, port, user, password, tls: false };
  return openDatabase(server, { connections: 1, sourceName, answerMs: ANSWER_MS, silenceSeconds: 5, readsOnly: true });
}
