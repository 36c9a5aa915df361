import { SyncError, toSyncError } from '../../errors.ts';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import type { Database } from '../../infrastructure/mysql/database.ts';
import type { SourceStore, Store } from '../../infrastructure/mysql/store.ts';
import type { Stream } from '../proof/barrier.ts';

/** What own reads of one source work with. */
export interface ReadParts {
  readonly store: Store;
  readonly source: SourceStore;
  /** The user server that the connector follows. */
  readonly database: Database;
  readonly stream: Stream;
  /** The change topic. */
  readonly topic: string;
  readonly admin: KafkaAdmin;
  /** Throws while the source's rows must not be compared: its history is in doubt, or its table is not what it was. */
  readonly require: () => void;
  /** Nothing is waited for any more. */
  readonly signal: AbortSignal;
}

/** Has what goes wrong with a statement at the user server told as that, not as the friend database's trouble. */
export async function atSource<T>(reading: Promise<T>): Promise<T> {
  return reading.catch((error) => {
    throw toSourceError(error);
  });
}

function toSourceError(error: unknown): SyncError {
  const { kind, message } = toSyncError(error);
  if (kind === 'store_misconfigured') return new SyncError('contract_broken', `the user database refuses: ${message}`);
  return kind.startsWith('store_') ? new SyncError('user_database_unavailable', message) : toSyncError(error);
}
