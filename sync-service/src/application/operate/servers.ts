import type { Configuration, ConnectClient } from '@friend-sync/connectors';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import type { StoredLetter } from './dead-letters.ts';

/** Every server of a system, for who asks them one by one: each is connected to when it is first asked. */
export interface Servers {
  readonly configuration: Configuration;
  readonly source: Database;
  readonly target: Database;
  readonly admin: KafkaAdmin;
  readonly connect: ConnectClient;
  /** Shows every message that a topic holds. */
  readonly readTopic: (topic: string, onMessage: (message: StoredLetter, partition: number) => void) => Promise<void>;
}
