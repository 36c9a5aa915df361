import type { TableName } from '@friend-sync/connectors';
import type { Kafka, KafkaMessage } from 'kafkajs';
import type { PictureColumn, TablePicture } from '../../domain/picture.ts';
import type { KafkaAdmin } from './admin.ts';
import { readTopic } from './read-topic.ts';

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

/** Follows what a connector takes one table for, by its schema history topic. Each look reads only what is new there. */
export class PictureReader {
  readonly #kafka: Kafka;
  readonly #admin: Pick<KafkaAdmin, 'partitionOffsets'>;
  readonly #id: string;
  #topic = '';
  #next = 0n;
  #picture: TablePicture | undefined;

  constructor(kafka: Kafka, admin: Pick<KafkaAdmin, 'partitionOffsets'>, { database, table }: TableName) {
    this.#kafka = kafka;
    this.#admin = admin;
    this.#id = [database, table].map((name) => `"${name.replaceAll('"', '""')}"`).join('.');
  }

  /** The newest picture of the table; undefined where the connector knows no such table. Fails as {@link readTopic} does. */
  async read(topic: string): Promise<TablePicture | undefined> {
    const [log] = await this.#admin.partitionOffsets(topic);
    const end = log?.high ?? 0n;
    if (topic !== this.#topic || end < this.#next) {
      this.#topic = topic;
      this.#next = 0n;
      this.#picture = undefined;
    }
    if (end > this.#next) {
      await readTopic(this.#kafka, topic, (message) => this.#take(message), this.#next);
      this.#next = end;
    }
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

function toPicture(columns: readonly HistoryColumn[]): PictureColumn[] {
  return [...columns]
    .sort((a, b) => a.position - b.position)
    .map(({ name, typeName, jdbcType, length, charsetName, optional, enumValues = [] }) => {
      return { name, typeName, jdbcType, length, charset: charsetName, isNullable: optional, members: enumValues };
    });
}
