import type { SyncError } from '../../../errors.ts';
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
const packetOf = (statements: readonly Statement[]) => statements.map(({ sql }) => sql).join(BETWEEN);

export const namesOf = (statements: readonly Statement[]) => statements.map(({ doing }) => doing).join(', ');

/** What is wrong with sending them at once. */
export function excessOf({ packetBytes }: Limits, statements: readonly Statement[]): SyncError | undefined {
  const texts = statements.reduce((sum, { sql }) => sum + Buffer.byteLength(sql), 0);
  const bytes = texts + BETWEEN.length * Math.max(0, statements.length - 1) + 1;
  return bytes > packetBytes ? tooLarge(namesOf(statements), bytes, packetBytes) : undefined;
}

/** A connection as mysql2 has it below its promises. */
export interface CoreConnection {
  query(
    sql: string,
    onEnd: (error: unknown, results: unknown) => void,
  ): { on(event: 'fields', onHeader: (columns: unknown) => void): unknown };
}

/** Sends statements in one round trip. `failing`: the names of those that may have failed, once `answer` has. */
export function sendPacket(connection: CoreConnection, statements: readonly Statement[]) {
  /** What each answer has begun with: columns, or nothing where it has no rows. */
  const headers: unknown[] = [];
  const answer = new Promise<unknown>((resolve, reject) => {
    connection
      .query(packetOf(statements), (error, results) => (error ? reject(error) : resolve(results)))
      .on('fields', (columns) => headers.push(columns));
  });
  const failing = () => {
    // The rows of the last one may not all have come.
    const from = headers.length - (headers.at(-1) ? 1 : 0);
    return namesOf(statements.slice(from, headers.length + 1));
  };
  return { answer, failing };
}
