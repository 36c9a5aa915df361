import { changeTopic, deadLetterTopic, fieldName, type Settings, type SourceMapping } from '@friend-sync/connectors';
import type { Key } from '../../domain/change.ts';
import type { SourceSchema } from '../../domain/source-schema.ts';
import { parseMessageKey } from '../../infrastructure/kafka/message-key.ts';

/** A message of a change topic that could not be decoded. */
export interface ListedLetter {
  readonly source: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Undefined where not even the key can be read. */
  readonly key: Key | undefined;
  readonly reason: string;
  readonly at: Date;
}

/** A message of the dead letter topic, as far as it is listed. */
export interface StoredLetter {
  readonly key: Buffer | null;
  readonly timestamp: string;
  readonly headers?: Readonly<Record<string, unknown>>;
}

/**
 * The dead letters of a source, oldest first. What is in them is not replayed as it is: the source row is the truth, so
 * a replay is a backfill of their keys, and an old letter changes nothing.
 */
export async function listDeadLetters(
  settings: Settings,
  source: SourceMapping,
  schema: SourceSchema,
  read: (topic: string, onMessage: (message: StoredLetter) => void) => Promise<void>,
): Promise<ListedLetter[]> {
  const letters: ListedLetter[] = [];
  await read(deadLetterTopic(changeTopic(settings, source)), ({ key, headers, timestamp }) => {
    const header = (name: string) => String(headers?.[`__connect.errors.${name}`] ?? '');
    letters.push({
      source: source.name,
      partition: Number(header('partition')),
      offset: BigInt(header('offset') || 0),
      key: keyOf(key, source, schema),
      reason: header('exception.message'),
      at: new Date(Number(timestamp)),
    });
  });
  return letters;
}

function keyOf(bytes: Buffer | null, source: SourceMapping, { keyKind }: SourceSchema): Key | undefined {
  try {
    return bytes === null ? undefined : parseMessageKey(bytes, fieldName(source, source.key), keyKind, '');
  } catch {
    return undefined;
  }
}
