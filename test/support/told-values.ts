import { changeTopic, type SourceMapping } from '@friend-sync/connectors';
import { openSourceDatabase } from '@friend-sync/sync-service';
import { pino } from 'pino';
import { expect, vi } from 'vitest';
import {
  Ambiguous,
  type Change,
  equalValues,
  type Key,
  type Said,
  type Value,
} from '../../sync-service/src/domain/change.ts';
import { parseKey, parseValue, type SourceSchema } from '../../sync-service/src/domain/source-schema.ts';
import { createDecoder } from '../../sync-service/src/infrastructure/kafka/avro.ts';
import { createKafka } from '../../sync-service/src/infrastructure/kafka/client.ts';
import { toChange } from '../../sync-service/src/infrastructure/kafka/envelope.ts';
import { readTopic } from '../../sync-service/src/infrastructure/kafka/read-topic.ts';
import { readMirrorColumns, toSourceSchema } from '../../sync-service/src/infrastructure/mysql/state/mirror-table.ts';
import type { Pipeline } from './pipeline.ts';

/** A value in a message, and in its row. */
export interface Told {
  readonly said: Said;
  /** What a SELECT finds. */
  readonly read: Value | undefined;
}
export interface ToldRow {
  readonly key: Key;
  /** By column. */
  readonly values: ReadonlyMap<string, Told>;
}

/** All rows of a source that are there, with what the last message of each says; waits for the messages. */
export async function rowsOf({ configuration, friend }: Pipeline, mapping: SourceMapping): Promise<ToldRow[]> {
  const { settings } = configuration;
  const schema = toSourceSchema(mapping, await readMirrorColumns(friend, settings.target.stateDatabase, mapping.name));
  if (!schema) throw new Error(`${mapping.name} has no mirror`);
  const kafka = createKafka(settings.kafka, pino({ level: 'silent' }));
  const decoder = createDecoder(settings.registry);
  const read = await readRows(configuration, schema);
  const changes = await vi.waitFor(
    async () => {
      const messages: Parameters<Parameters<typeof readTopic>[2]>[] = [];
      const topic = changeTopic(settings, mapping);
      await readTopic(kafka, topic, (...message) => messages.push(message));
      const said = new Map<Key, Change>();
      for (const [{ key, value, offset }, partition] of messages) {
        const decoded = value && (await decoder.decode(value));
        const change = toChange({ schema, topic, partition, offset: BigInt(offset), epoch: 0, key, decoded });
        said.set(change.key, change);
      }
      expect([...read.keys()].filter((key) => !said.has(key))).toEqual([]);
      return said;
    },
    { timeout: 60_000, interval: 500 },
  );
  return [...read].map(([key, values]) => {
    const said = changes.get(key)?.values;
    return { key, values: new Map(mapping.columns.map((name, i) => [name, { said: said?.[i], read: values[i] }])) };
  });
}

async function readRows(configuration: Pipeline['configuration'], { mapping, keyKind, columns: mapped }: SourceSchema) {
  await using source = openSourceDatabase(configuration);
  const { database, table } = mapping.table;
  const columns = [mapping.key, ...mapping.columns].join(', ');
  const rows = await source.rows('reading', `SELECT ${columns} FROM ${database}.${table} ORDER BY ${mapping.key}`);
  return new Map(
    rows.map((row) => [
      parseKey(String(row[mapping.key]), keyKind),
      mapped.map(({ name, kind }) => parseValue(row[name], kind)),
    ]),
  );
}

/** Whether a message says what a read finds. */
export function verdictOf({ said, read }: Told): 'known' | 'ambiguous' | 'unknown' | 'wrong' {
  if (said === undefined) return 'unknown';
  if (read === undefined) return 'wrong';
  if (said instanceof Ambiguous) return said.couldBe(read) ? 'ambiguous' : 'wrong';
  return equalValues(said, read) ? 'known' : 'wrong';
}
