import type { TableName } from '@friend-sync/connectors';
import type { KafkaMessage } from 'kafkajs';
import type { PictureColumn, TablePicture } from '../../domain/picture.ts';
import { SyncError } from '../../errors.ts';
import type { KafkaAdmin } from './admin.ts';

/** What is used of a record of a schema history topic: the connector writes one for each DDL that it has read. */
interface HistoryRecord {
  readonly tableChanges?: readonly {
    readonly type: string;
    readonly id: string;
    readonly previousId?: string;
    readonly table: { readonly columns: readonly HistoryColumn[] } | null;
  }[];
}

interface HistoryColumn {
  readonly name: string;
  readonly typeName: string;
  readonly jdbcType: number;
  readonly length?: number;
  readonly charsetName: string | null;
  readonly position: number;
  readonly optional: boolean;
  readonly enumValues?: readonly string[];
}

export interface PictureReaderParts {
  readonly admin: Pick<KafkaAdmin, 'partitionOffsets'>;
  /** Shows a topic's messages from an offset on. */
  readonly read: (topic: string, onMessage: (message: KafkaMessage) => void, from: bigint) => Promise<void>;
}

/** Follows what a connector takes one table for, by its schema history topic. Each look reads only what is new there. */
export class PictureReader {
  readonly #parts: PictureReaderParts;
  readonly #id: string;
  #topic = '';
  #next = 0n;
  #picture: TablePicture | undefined;

  constructor(parts: PictureReaderParts, { database, table }: TableName) {
    this.#parts = parts;
    this.#id = [database, table].map(quotedAsDebezium).join('.');
  }

  /**
   * The newest picture of the table; undefined where the connector knows no such table. Fails with a SyncError where the
   * topic cannot be read, and while the connector is still writing what it has found at its start.
   */
  async read(topic: string): Promise<TablePicture | undefined> {
    const [log] = await this.#parts.admin.partitionOffsets(topic);
    const end = log?.high ?? 0n;
    if (topic !== this.#topic || end < this.#next) {
      this.#topic = topic;
      this.#next = 0n;
      this.#picture = undefined;
    }
    const isNew = end > this.#next;
    if (isNew) await this.#parts.read(topic, (message) => this.#take(message), this.#next);
    this.#next = end;
    if (!this.#picture && (end === 0n || isNew))
      throw new SyncError('connector_failed', `${topic} does not have the table yet`);
    return this.#picture;
  }

  #take({ value }: KafkaMessage): void {
    const { tableChanges = [] } = JSON.parse(String(value)) as HistoryRecord;
    for (const { type, id, previousId, table } of tableChanges) {
      if (id === this.#id) this.#picture = type === 'DROP' || !table ? undefined : toPicture(table.columns);
      else if (previousId === this.#id) this.#picture = undefined;
    }
  }
}

/** Debezium takes a name for quoted that begins or ends with a quotation mark. */
function quotedAsDebezium(name: string): string {
  return name.startsWith('"') || name.endsWith('"') ? name : `"${name.replaceAll('"', '""')}"`;
}

function toPicture(columns: readonly HistoryColumn[]): PictureColumn[] {
  return [...columns]
    .sort((a, b) => a.position - b.position)
    .map(({ name, typeName, jdbcType, length, charsetName, optional, enumValues = [] }) => {
      return { name, typeName, jdbcType, length, charset: charsetName, isNullable: optional, members: enumValues };
    });
}
