import { equalValues, type Key } from '../../domain/change.ts';
import type { MirrorRow } from '../../domain/decide.ts';
import { settle, type Written } from '../../domain/read.ts';
import { toMirrorFault } from '../../infrastructure/mysql/server/fault.ts';
import type { Consumed } from '../../infrastructure/mysql/state/consumed-store.ts';
import type { DueKey } from '../../infrastructure/mysql/state/due-store.ts';
import type { Suspect } from './look.ts';
import type { ReadParts } from './read-parts.ts';

/**
 * What became of a suspect. `gone`: its row is gone for certain, which nobody has decided about; `taken`: somebody else has
 * its mirror row; `given up`: nothing was written, nor can be; `refused`: the mirror does not take the row, which is told.
 */
export interface Settled {
  readonly suspect: Suspect;
  readonly outcome: Written['kind'] | 'gone' | 'taken' | 'given up' | 'refused';
  /** Columns of which the mirror said something else than the source; `*`: of the row as a whole. Empty: of none. */
  readonly corrected: readonly string[];
}

export interface WriteReadsOptions {
  /** Partitions of the suspects, with the offsets up to which they must have been ingested. */
  readonly ends: ReadonlyMap<number, bigint>;
  /** Rows that are new in the mirror are marked as well; a first load leaves them to the sweep that follows it. */
  readonly marksNew: boolean;
  /** Whether a key whose row is gone counts as deleted. */
  readonly takesGone: (key: Key) => boolean;
  /** What is settled by it. */
  readonly due: ReadonlyMap<Key, DueKey>;
}

/**
 * Writes what was read into the mirror, in one transaction, where nothing has told of the row since it was observed.
 * Locks in the order of everybody: consumed, reads, mirror, pending; docs/decisions/0015 says what fails without each.
 */
export async function writeReads(
  { store, source, topic, require }: ReadParts,
  suspects: readonly Suspect[],
  { ends, marksNew, takesGone, due }: WriteReadsOptions,
): Promise<Settled[]> {
  require();
  const writing = store.database.transaction('writing what was read', async (tx) => {
    const tokens = [...new Set(suspects.map(({ observation }) => observation.token))];
    // In two round trips where the mirror has none of the rows: a load writes one part after another, and nothing is ingested meanwhile.
    const keys = suspects.map(({ read: { key } }) => key);
    const [consumed, looks, lastNumber, existing] = await tx.roundTrip((t) => [
      store.consumed.readAll(t, topic, 'FOR SHARE'),
      source.reads.knownLooks(t, tokens),
      source.reads.lockNumber(t),
      source.mirror.existing(t, keys),
      source.reads.requireCurrent(t),
    ]);
    const isValid = ({ observation: { token, epoch } }: Suspect) => looks.has(token) && isAt(consumed, epoch, ends);
    const valid = suspects.filter(isValid);
    const settled: Settled[] = suspects.filter((s) => !isValid(s)).map((suspect) => leave(suspect, 'given up'));
    if (valid.length === 0) return settled;

    const rows = await source.mirror.lockFree(tx, existing);
    const taken = new Set(existing.filter((key) => !rows.has(key)));
    const number = lastNumber + 1n;
    const writes: MirrorRow[] = [];
    const marks: Key[] = [];
    for (const suspect of valid) {
      const { key } = suspect.read;
      if (taken.has(key)) {
        settled.push(leave(suspect, 'taken'));
        continue;
      }
      const known = rows.get(key);
      const written = settle(suspect.read, known, suspect.observation, number);
      if (written.kind === 'row' && !suspect.read.values && !takesGone(key)) {
        settled.push(leave(suspect, 'gone'));
        continue;
      }
      if ('row' in written) {
        writes.push(written.row);
        if (known || marksNew || !suspect.read.values) marks.push(key);
      }
      const isCorrection = written.kind === 'row' && (known !== undefined || marksNew);
      const corrected = isCorrection ? contradicted(suspect, known, source.schema.mapping.columns) : [];
      settled.push({ suspect, outcome: written.kind, corrected });
    }
    const over = settled.filter(({ outcome }) => outcome === 'row' || outcome === 'equal');
    const overDue = over.map(({ suspect }) => due.get(suspect.read.key)).filter((key) => key !== undefined);
    const doubtful = settled.filter((one) => one.corrected.length > 0 || isOfUnknownTransaction(one));
    const again = doubtful.map(({ suspect }) => suspect.read.key);
    await tx.roundTrip(
      (t) => [
        source.mirror.write(t, writes),
        source.pending.mark(t, marks),
        source.due.settle(t, overDue),
        source.due.markAgain(t, again),
        ...(writes.length > 0 ? [source.reads.setNumber(t, number)] : []),
      ],
      'commit',
    );
    return settled;
  });
  return writing.catch((error) => {
    throw toMirrorFault(error);
  });
}

/** Nothing is written of it. */
export function leave(suspect: Suspect, outcome: 'gone' | 'taken' | 'given up' | 'refused'): Settled {
  return { suspect, outcome, corrected: [] };
}

/** The store stands where the barrier saw it, or further: it was not set back, and no new epoch has begun. */
function isAt(consumed: ReadonlyMap<number, Consumed>, epoch: number, ends: ReadonlyMap<number, bigint>): boolean {
  return [...ends].every(([partition, end]) => {
    const now = consumed.get(partition);
    return now !== undefined && now.epoch === epoch && now.nextOffset >= end;
  });
}

/**
 * The row's message named no transaction (it could not be decoded), so the server that was read may not have executed it
 * yet: where it waits for a replica's answer, the message is there before the row is.
 */
function isOfUnknownTransaction({ suspect: { known }, outcome }: Settled): boolean {
  return outcome === 'row' && known !== undefined && known.position.epoch > 0 && known.committedAtMs === null;
}

/** What was unknown is completed, not corrected. */
function contradicted({ read }: Suspect, known: MirrorRow | undefined, columns: readonly string[]): string[] {
  if (!known || known.isDeleted) return ['*'];
  if (!read.values) return known.values.every((value) => value === undefined) ? [] : ['*'];
  return columns.filter((_, i) => known.values[i] !== undefined && !equalValues(known.values[i], read.values?.[i]));
}
