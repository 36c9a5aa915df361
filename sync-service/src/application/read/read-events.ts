import type { Logger } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { FanOut } from '../fan-out/fan-out.ts';
import type { ReadParts } from './read-parts.ts';
import type { Settled } from './write-reads.ts';

/** Why rows are read. */
export type Purpose = 'due' | 'proof' | 'load' | 'patrol';

/** Told of what own reads find and write. */
export interface ReadEvents {
  onRead(parts: ReadParts, purpose: Purpose, rowCount: number): void;
  onSettled(parts: ReadParts, settled: readonly Settled[], purpose: Purpose): void;
}

/** Counts them, tells of corrections, and wakes the fan-out. */
export function readEvents(metrics: Metrics, fanOut: Pick<FanOut, 'notify'>, log: Logger): ReadEvents {
  return {
    onRead({ source }, purpose, rowCount) {
      metrics.rowsRead.inc({ source: source.schema.mapping.name, purpose }, rowCount);
    },
    onSettled({ source }, settled, purpose) {
      const { name, table } = source.schema.mapping;
      if (settled.some(({ outcome }) => outcome === 'row' || outcome === 'filled')) fanOut.notify();
      metrics.suspects.inc({ source: name }, settled.length);
      const columns: Record<string, number> = {};
      for (const { suspect, corrected } of settled) {
        for (const column of corrected) {
          const cause = !suspect.read.values ? 'unheard delete' : purpose === 'proof' ? 'wrong' : 'unheard';
          metrics.corrections.inc({ source: name, table: `${table.database}.${table.table}`, column, cause });
          columns[column] = (columns[column] ?? 0) + 1;
        }
      }
      // Of a key that is due the stream has said that it does not say all.
      const level = purpose === 'due' ? 'debug' : 'warn';
      if (Object.keys(columns).length > 0)
        log[level]({ source: name, purpose, columns }, 'the stream was wrong or silent; the source row was taken');
    },
  };
}
