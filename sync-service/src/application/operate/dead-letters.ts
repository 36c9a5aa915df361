import { changeTopic, deadLetterTopic, fieldName, type Settings, type SourceMapping } from '@friend-sync/connectors';
import type { Key } from '../../domain/change.ts';
import { inPages } from '../../domain/pages.ts';
import type { SourceSchema } from '../../domain/source-schema.ts';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import { schemaIdOf } from '../../infrastructure/kafka/avro.ts';
import { parseMessageKey } from '../../infrastructure/kafka/message-key.ts';

/** A message of a change topic that could not be decoded; nothing of its value, nor of its headers' values. */
export interface ListedLetter {
  readonly source: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Undefined where not even the key can be read. */
  readonly key: Key | undefined;
  readonly reason: string;
  readonly at: Date;
  /** `replayed`: its key has been, for this reason. `died again`: and came here once more, for the same reason. */
  state: 'new' | 'replayed' | 'died again';
  /** Where it lies in the dead letter topic. */
  readonly stored: { readonly partition: number; readonly offset: bigint };
  /** Undefined: it has no value. */
  readonly valueBytes: number | undefined;
  /** Undefined where the value does not begin as Avro in Confluent's layout does. */
  readonly schemaId: number | undefined;
  /** The names of those that its sender gave it. */
  readonly headers: readonly string[];
}

/** A message of the dead letter topic. */
export interface StoredLetter {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: string;
  readonly offset: string;
  readonly headers?: Readonly<Record<string, unknown>>;
}

type ReadTopic = (topic: string, onMessage: (message: StoredLetter, partition: number) => void) => Promise<void>;

/** Kafka's client sends them together. */
const NOTES_AT_ONCE = 500;
const ERRORS = '__connect.errors.';
/** The reason, in a note among the letters that their keys have been replayed. It goes when they go. */
const REPLAYED = 'friend_sync.replayed';

/**
 * The dead letters of a source, oldest first. What is in them is not replayed as it is: the source row is the truth, so
 * a replay is a backfill of their keys, and an old letter changes nothing.
 */
export async function listDeadLetters(
  settings: Settings,
  source: SourceMapping,
  schema: SourceSchema,
  read: ReadTopic,
): Promise<ListedLetter[]> {
  const letters: ListedLetter[] = [];
  /** By what is noted of a replay, the letters since the last one; a list is empty only behind a note. */
  const waiting = new Map<string, ListedLetter[]>();
  const topic = changeTopic(settings, source);
  await read(deadLetterTopic(topic), ({ key: bytes, value, headers = {}, timestamp, offset }, partition) => {
    const header = (name: string) => String(headers[name] ?? '');
    if (headers[REPLAYED] !== undefined) {
      const note = noteOf(String(bytes), header(REPLAYED));
      for (const letter of waiting.get(note) ?? []) letter.state = 'replayed';
      waiting.set(note, []);
      return;
    }
    const place = { partition: Number(header(`${ERRORS}partition`)), offset: BigInt(header(`${ERRORS}offset`) || 0) };
    const key = keyOf(bytes, source, schema);
    // Some reasons begin with the place, and are one reason all the same.
    const told = header(`${ERRORS}exception.message`);
    const reason = told.replace(`${topic}, partition ${place.partition}, offset ${place.offset}: `, '');
    const note = noteOf(key, reason);
    const since = waiting.get(note);
    const letter: ListedLetter = {
      source: source.name,
      ...place,
      key,
      reason,
      at: new Date(Number(timestamp)),
      state: since ? (since[0]?.state ?? 'died again') : 'new',
      stored: { partition, offset: BigInt(offset) },
      valueBytes: value?.length,
      schemaId: value ? schemaIdOf(value) : undefined,
      headers: Object.keys(headers).filter((name) => !name.startsWith(ERRORS)),
    };
    if (since) since.push(letter);
    else waiting.set(note, [letter]);
    letters.push(letter);
  });
  return letters;
}

const noteOf = (key: Key | undefined, reason: string) => JSON.stringify([key?.toString(), reason]);

/** What is not given leaves nothing out. */
export interface LetterFilter {
  /** As they are spelled. */
  readonly keys?: readonly string[] | undefined;
  /** What the reason has in it. */
  readonly reason?: string | undefined;
  readonly sinceMs?: number | undefined;
  /** Before this moment. */
  readonly untilMs?: number | undefined;
}

export function isMeant({ key, reason, at }: ListedLetter, filter: LetterFilter): boolean {
  return (
    (filter.keys === undefined || (key !== undefined && filter.keys.includes(String(key)))) &&
    reason.includes(filter.reason ?? '') &&
    at.getTime() >= (filter.sinceMs ?? Number.NEGATIVE_INFINITY) &&
    at.getTime() < (filter.untilMs ?? Number.POSITIVE_INFINITY)
  );
}

/** What is to be replayed of these letters. */
export interface ReplayPlan {
  /** Each once. */
  readonly letters: readonly (ListedLetter & { readonly key: Key })[];
  /** Whose keys cannot be read. */
  readonly withoutKey: number;
  /** Left alone: their keys have been replayed for the same reason before. */
  readonly replayed: number;
  readonly diedAgain: number;
}

/** `again`: those as well that have been replayed before, and would be for ever. */
export function planReplay(letters: readonly ListedLetter[], again: boolean): ReplayPlan {
  const hasKey = (letter: ListedLetter): letter is ReplayPlan['letters'][number] => letter.key !== undefined;
  const count = (state: ListedLetter['state']) => letters.filter((one) => hasKey(one) && one.state === state).length;
  const chosen = letters.filter(hasKey).filter(({ state }) => again || state === 'new');
  return {
    letters: [...new Map(chosen.map((letter) => [noteOf(letter.key, letter.reason), letter])).values()],
    withoutKey: letters.filter((letter) => !hasKey(letter)).length,
    replayed: again ? 0 : count('replayed'),
    diedAgain: again ? 0 : count('died again'),
  };
}

export interface ReplayParts {
  readonly settings: Settings;
  readonly admin: Pick<KafkaAdmin, 'send'>;
  requestReads(source: SourceMapping, keys: readonly Key[]): Promise<unknown>;
}

/** Has the rows of their keys read once more, and notes it beside the letters; broken off in between, it is replayed again. */
export async function replayLetters(
  { settings, admin, requestReads }: ReplayParts,
  source: SourceMapping,
  { letters }: ReplayPlan,
): Promise<void> {
  await requestReads(source, [...new Set(letters.map(({ key }) => key))]);
  const topic = deadLetterTopic(changeTopic(settings, source));
  for (const some of inPages(letters, NOTES_AT_ONCE))
    await Promise.all(some.map(({ key, reason }) => admin.send(topic, String(key), '', { [REPLAYED]: reason })));
}

/** What a purge deletes. */
export interface PurgePlan {
  readonly letters: number;
  /** Older than what is asked for, and left: Kafka deletes the beginning of a topic, and they lie behind younger ones. */
  readonly left: number;
  /** By partition of the dead letter topic, the first offset that stays. */
  readonly ends: ReadonlyMap<number, bigint>;
}

/** Of the letters of one source, those that came before `untilMs`. What comes meanwhile is not deleted. */
export function planPurge(letters: readonly ListedLetter[], untilMs: number): PurgePlan {
  const ends = new Map<number, bigint>();
  const closed = new Set<number>();
  let count = 0;
  for (const { at, stored } of letters) {
    if (at.getTime() >= untilMs) closed.add(stored.partition);
    if (closed.has(stored.partition)) continue;
    ends.set(stored.partition, stored.offset + 1n);
    count++;
  }
  const older = letters.filter(({ at }) => at.getTime() < untilMs).length;
  return { letters: count, left: older - count, ends };
}

export async function purgeLetters(
  { settings, admin }: { readonly settings: Settings; readonly admin: Pick<KafkaAdmin, 'deleteRecords'> },
  source: SourceMapping,
  { ends }: PurgePlan,
): Promise<void> {
  if (ends.size > 0) await admin.deleteRecords(deadLetterTopic(changeTopic(settings, source)), ends);
}

function keyOf(bytes: Buffer | null, source: SourceMapping, { keyKind }: SourceSchema): Key | undefined {
  try {
    return bytes === null ? undefined : parseMessageKey(bytes, fieldName(source, source.key), keyKind, '');
  } catch {
    return undefined;
  }
}
