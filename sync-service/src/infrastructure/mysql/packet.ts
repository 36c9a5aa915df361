import type { SyncError } from '../../errors.ts';
import { tooLarge } from './fault.ts';

/** One statement, and the step that it is, for errors. */
export interface Statement {
  readonly doing: string;
  readonly sql: string;
}

export interface Limits {
  /** The server closes a connection on which it is sent more at once. */
  readonly packetBytes: number;
}

const BETWEEN = ';\n';

/** What is sent for these statements in one round trip. */
export const packetOf = (statements: readonly Statement[]) => statements.map(({ sql }) => sql).join(BETWEEN);

export const namesOf = (statements: readonly Statement[]) => statements.map(({ doing }) => doing).join(', ');

/** What is wrong with sending them at once. */
export function excessOf({ packetBytes }: Limits, statements: readonly Statement[]): SyncError | undefined {
  const texts = statements.reduce((sum, { sql }) => sum + Buffer.byteLength(sql), 0);
  const bytes = texts + BETWEEN.length * Math.max(0, statements.length - 1) + 1;
  return bytes > packetBytes ? tooLarge(namesOf(statements), bytes, packetBytes) : undefined;
}
