import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import { READ_REPLICA, type SourceStore, type Store, USER_DATABASE } from '../../infrastructure/mysql/store.ts';
import type { Stream } from '../proof/streams.ts';

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

/** How an operator knows the server that was asked. */
export function serverName({ database }: Pick<ReadParts, 'database'>, server: Database): string {
  return server === database ? USER_DATABASE : READ_REPLICA;
}
