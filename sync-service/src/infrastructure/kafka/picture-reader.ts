import type { TableName } from '@friend-sync/connectors';
import type { KafkaMessage } from 'kafkajs';
import type { TablePicture } from '../../domain/picture.ts';
import type { PictureColumn } from '../../domain/table-shape.ts';
import { SyncError } from '../../errors.ts';
import { NewMessages, type NewMessagesParts } from './new-messages.ts';

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

/** Follows what a connector takes one table for, by its schema history topic. */
export class PictureReader {
  readonly #messages: NewMessages;
  readonly #id: string;
  #picture: TablePicture | undefined;

  constructor(parts: NewMessagesParts, { database, table }: TableName) {
    this.#messages = new NewMessages(parts);
    this.#id = [database, table].map(quotedAsDebezium).join('.');
  }

  /**
   * The newest picture of the table; undefined where the connector knows no such table. Fails with a SyncError where the
   * topic cannot be read, and while the connector is still writing what it has found at its start.
   */
  async read(topic: string): Promise<TablePicture | undefined> {
    const { isEmpty, isNew } = await this.#messages.show(topic, {
      start: () => {
        this.#picture = undefined;
      },
      message: (message) => this.#take(message),
    });
    if (!this.#picture && (isEmpty || isNew))
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
