import type { SourceMapping, TableName } from '../mapping.ts';
import type { Settings } from '../settings.ts';
import { signalTopic } from './topics.ts';

const KEYS_PER_SIGNAL = 500;

export interface SignalMessage {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
}

/**
 * The messages that make the connector read rows of a source again (Debezium's incremental snapshot, which needs no
 * right to write): all rows, or those of some keys. Each carries an id, `id` itself or `id-2`, `id-3`, ….
 */
export function backfillSignals(request: {
  id: string;
  settings: Settings;
  source: SourceMapping;
  keys?: readonly (bigint | string)[];
}): SignalMessage[] {
  const { id, settings, source, keys } = request;
  const conditions = keys
    ? chunks(keys).map((some) => `\`${source.key}\` IN (${some.map(literal).join(', ')})`)
    : [undefined];
  return conditions.map((filter, i) => ({
    topic: signalTopic(settings, source),
    key: settings.kafka.topicPrefix,
    value: JSON.stringify(signal(i === 0 ? id : `${id}-${i + 1}`, source, filter)),
  }));
}

function signal(id: string, { table }: SourceMapping, filter: string | undefined): object {
  const collection = pattern(table);
  const conditions = filter ? { 'additional-conditions': [{ 'data-collection': collection, filter }] } : {};
  return {
    id,
    type: 'execute-snapshot',
    data: { type: 'incremental', 'data-collections': [collection], ...conditions },
  };
}

/**
 * Debezium takes it for a regular expression, and for the plain name where it knows no table that matches: so the dot,
 * which matches itself, stays as it is. A name that it did not match would lose its filter and be read as a whole.
 */
function pattern({ database, table }: TableName): string {
  return `${database}.${table}`.replace(/[\\^$*+?()[\]{}|]/g, '\\$&');
}

function chunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / KEYS_PER_SIGNAL) }, (_, i) =>
    items.slice(i * KEYS_PER_SIGNAL, (i + 1) * KEYS_PER_SIGNAL),
  );
}

/** A key in SQL. Text as hex: no character of it can end the literal, whatever the server's sql_mode. */
function literal(key: bigint | string): string {
  return typeof key === 'bigint' ? String(key) : `_utf8mb4 X'${Buffer.from(key).toString('hex')}'`;
}
