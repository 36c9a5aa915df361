import type { Socket } from 'node:net';
import type { Settings } from '@friend-sync/connectors';
import mysql, { type PoolConnection, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { SyncError } from '../../../errors.ts';
import { type Leavable, leavable } from '../../../leavable.ts';
import { inTime } from '../../../within.ts';
import { isUnavailable, ofLogin, toSourceError, toStoreError } from './fault.ts';
import { type CoreConnection, excessOf, type Limits, namesOf, type Statement, sendPacket } from './packet.ts';
import { type SessionOptions, sessionStatement } from './session.ts';

/** One row as mysql2 returns it: BIGINT and DECIMAL as strings, dates as strings, binary as Buffer. */
export type Row = Record<string, unknown>;

/** A part of a statement, and the values of its question marks. */
export interface Fragment {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** Runs statements; each classifies what goes wrong, once. */
export interface Session {
  /** `doing` names the step in errors. */
  rows(doing: string, sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Rows matched by a write, whether or not their values changed (FOUND_ROWS): what the fences read. */
  write(doing: string, sql: string, parameters?: readonly unknown[]): Promise<{ matched: number; changed: number }>;
}

/** Statements on one connection, which are committed together. */
export interface Transaction extends Session {
  /**
   * Sends all statements that `work` issues on the session it is given in one round trip, in that order; one that
   * fails ends them. They must be issued at once: one that is issued after anything was awaited fails. With `commit` the
   * transaction ends in the same round trip.
   */
  roundTrip<T extends readonly unknown[]>(
    work: (session: Session) => readonly [...{ [I in keyof T]: Promise<T[I]> }],
    end?: 'commit',
  ): Promise<T>;
}

/**
 * A pool on one MySQL server. Outside `transaction` each statement commits by itself. A connection on which an answer takes
 * too long is given up as `store_unavailable` or `user_database_unavailable`: what has become of its statement, the next
 * attempt finds.
 */
export interface Database extends Session, AsyncDisposable {
  /** For statements that may rightly take longer: an answer is waited for so long. */
  patient(answerMs: number): Session;
  /** One transaction on one connection: commits what `work` returns from, rolls back what it throws from. */
  transaction<T>(doing: string, work: (tx: Transaction) => Promise<T>): Promise<T>;
}

export interface DatabaseOptions extends SessionOptions {
  /** Most connections. */
  readonly connections: number;
  /** How an operator knows a server that is only read; left out: it is the friend database, or one of a tool's own. */
  readonly sourceName?: string;
  /** Once it is aborted, nobody waits for the server any longer: what was asked of it fails. */
  readonly signal?: AbortSignal | undefined;
  /** How long a connection, and an answer on it, is waited for. Left out: by a tool, whose statements may be large. */
  readonly answerMs?: number;
}

type Classify = (error: unknown, doing: string) => SyncError;

/** Keepalive finds a peer that is gone; a deadline, one that is there and silent. */
const KEEP_ALIVE_MS = 10_000;
const CLOSE_MS = 3_000;
const TOOL_ANSWER_MS = 600_000;

/** Connects lazily: a server that is down shows at the first statement, as `store_unavailable` or `user_database_unavailable`. */
export function openDatabase(
  server: Pick<Settings['target'], 'host' | 'port' | 'user' | 'password' | 'tls'>,
  { connections, sourceName, signal, answerMs = TOOL_ANSWER_MS, ...session }: DatabaseOptions,
): Database {
  const pool = mysql.createPool({
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password.reveal(),
    ...(server.tls ? { ssl: {} } : {}),
    connectionLimit: connections,
    charset: 'utf8mb4',
    flags: ['FOUND_ROWS'],
    multipleStatements: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    enableKeepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    connectTimeout: 5_000,
    // No connection stays idle for longer than a second: the server would close it, or has become a replica of another
    // one that has its name now, and would be read-only for ever.
    ...(session.silenceSeconds ? { maxIdle: 0, idleTimeout: session.silenceSeconds * 500 } : {}),
  });
  const ours = sessionStatement(session);
  const begun = new WeakMap<object, Promise<void>>();
  const limits = { packetBytes: Number.POSITIVE_INFINITY };
  // @ts-expect-error mysql2 hands the callback-style connection to this event, its types say otherwise
  pool.on('connection', (connection: NewConnection) => {
    const begin = new Promise<void>((resolve, reject) => {
      connection.query(ours, (error, results) => {
        if (error) return reject(error);
        limits.packetBytes = Number(results?.at(-1)?.[0]?.packetBytes);
        resolve();
      });
    });
    // Whoever waits for it has no connection yet that could be closed, and it would count for ever.
    const beginning = answerWithin(answerMs, begin);
    beginning.catch(() => connection.destroy());
    begun.set(connection, beginning);
    // mysql2 ends its own side of what it gives up; a peer that is silent never ends the other.
    connection.stream.once('finish', () => connection.stream.destroy());
  });
  const login = { ...server, part: sourceName ? 'source' : 'target' } as const;
  const classify: Classify = (error, doing) => {
    if (error instanceof SyncError) return error;
    return ofLogin(sourceName ? toSourceError(error, doing, sourceName) : toStoreError(error, doing), login);
  };
  const start = session.readsOnly ? START_READING : START;
  /** Nothing is said before the session is ours: values could be cut. Where it cannot be, that is what is wrong. */
  const take = async () => {
    const connection = await pool.getConnection();
    await begun.get(connection.connection);
    return connection;
  };
  const link = { take, limits, classify, start, unlessLeft: leavable(signal), answerMs };
  return {
    ...sessionOn((statements) => sendOnce(link, statements)),
    patient: (longerMs) => sessionOn((statements) => sendOnce({ ...link, answerMs: longerMs }, statements)),
    transaction: (doing, work) => transaction(link, doing, work),
    // A connection that cannot be closed in order is closed all the same; its server is the one that is in trouble.
    [Symbol.asyncDispose]: () => link.unlessLeft(answerWithin(CLOSE_MS, pool.end())).catch(() => {}),
  };
}

/** As mysql2 hands it to an event. */
interface NewConnection {
  readonly stream: Socket;
  query(sql: string, onEnd: (error: unknown, results: Row[][] | undefined) => void): void;
  destroy(): void;
}

interface Link {
  readonly take: () => Promise<PoolConnection>;
  readonly limits: Limits;
  readonly classify: Classify;
  readonly start: readonly Statement[];
  readonly unlessLeft: Leavable;
  readonly answerMs: number;
}

/** Passes on an answer that comes in time. */
export function answerWithin<T>(ms: number, answer: Promise<T>): Promise<T> {
  const late = () => Object.assign(new Error(`no answer within ${ms / 1000} s`), { code: 'PROTOCOL_SEQUENCE_TIMEOUT' });
  return inTime(ms, answer, late);
}

async function connect({ take, classify, unlessLeft, answerMs }: Link, doing: string): Promise<PoolConnection> {
  const connecting = take();
  try {
    return await unlessLeft(answerWithin(answerMs, connecting));
  } catch (error) {
    // It may come all the same.
    connecting.then((connection) => connection.release()).catch(() => {});
    throw classify(error, doing);
  }
}

async function sendOnce(link: Link, statements: readonly Statement[]): Promise<Result[]> {
  const connection = await connect(link, namesOf(statements));
  try {
    const excess = excessOf(link.limits, statements);
    if (excess) throw link.classify(excess, excess.message);
    return await send(link, connection, statements);
  } finally {
    connection.release();
  }
}

type Result = RowDataPacket[] & ResultSetHeader;

/** Sends statements in one round trip and classifies what goes wrong. */
async function send(
  { classify, unlessLeft, answerMs }: Link,
  connection: PoolConnection,
  statements: readonly Statement[],
): Promise<Result[]> {
  const { answer: sent, failing } = sendPacket(connection.connection as unknown as CoreConnection, statements);
  try {
    const results = await unlessLeft(answerWithin(answerMs, sent));
    return (statements.length === 1 ? [results] : results) as Result[];
  } catch (error) {
    const fault = classify(error, failing());
    // It is silent, or leads to a server that is no longer the one to ask; others may not.
    if (isUnavailable(fault)) connection.destroy();
    throw fault;
  }
}

function sessionOn(run: (statements: readonly Statement[]) => Promise<Result[]>): Session {
  const one = async (doing: string, sql: string, parameters: readonly unknown[] = []): Promise<Result> => {
    const [result] = await run([{ doing, sql: mysql.format(sql, parameters as Parameters<typeof mysql.format>[1]) }]);
    return result as Result;
  };
  return {
    rows: one,
    write: async (doing, sql, parameters) => {
      const { affectedRows, changedRows } = await one(doing, sql, parameters);
      return { matched: affectedRows, changed: changedRows };
    },
  };
}

const START: readonly Statement[] = [{ doing: 'begin', sql: 'START TRANSACTION' }];
// Said each time: behind a proxy a session's own level may be another one's. READ UNCOMMITTED shows what is rolled back later.
const START_READING: readonly Statement[] = [
  { doing: 'begin', sql: 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED' },
  { doing: 'begin', sql: 'START TRANSACTION READ ONLY' },
];
const COMMIT: Statement = { doing: 'commit', sql: 'COMMIT' };

async function transaction<T>(link: Link, doing: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const { classify, start } = link;
  const connection = await connect(link, doing);
  const state: { isNew: boolean; isOpen: boolean; excess?: SyncError | undefined } = { isNew: true, isOpen: false };

  /** The first statements take START TRANSACTION with them, the last ones COMMIT. */
  async function run(statements: readonly Statement[], end?: 'commit'): Promise<Result[]> {
    if (statements.length === 0 && !end) return [];
    const before = state.isNew ? start : [];
    const all = [...before, ...statements, ...(end ? [COMMIT] : [])];
    // What comes after one that was not sent is not sent either: it may not even have begun.
    state.excess ??= excessOf(link.limits, all);
    if (state.excess) throw state.excess;
    Object.assign(state, { isNew: false, isOpen: true });
    const results = await send(link, connection, all);
    if (end) state.isOpen = false;
    return results.slice(before.length);
  }

  const tx: Transaction = {
    ...sessionOn(run),
    roundTrip: (gather, end) => roundTrip((statements) => run(statements, end), gather),
  };
  try {
    const result = await work(tx);
    if (state.isOpen || state.excess) await run([], 'commit');
    return result;
  } catch (error) {
    throw classify(error, doing);
  } finally {
    await giveBack(link, connection, state.isOpen);
  }
}

/** Gathers what `work` issues, sends it, and gives each statement its result. */
async function roundTrip<T extends readonly unknown[]>(
  run: (statements: readonly Statement[]) => Promise<Result[]>,
  work: (session: Session) => readonly [...{ [I in keyof T]: Promise<T[I]> }],
): Promise<T> {
  const statements: Statement[] = [];
  let sent: (results: Promise<Result[]>) => void = () => {};
  const results = new Promise<Result[]>((resolve) => {
    sent = resolve;
  });
  let isSent = false;
  const gathering = sessionOn(async (some) => {
    if (isSent) throw new SyncError('internal', 'a statement of a round trip that was issued after it had been sent');
    const at = statements.push(...some) - some.length;
    return (await results).slice(at, at + some.length);
  });
  const outcomes = Promise.all(work(gathering));
  isSent = true;
  sent(run(statements));
  // Of the results as well: where there was nothing to say, the COMMIT is all there is to wait for.
  const [outcome] = await Promise.all([outcomes, results]);
  return outcome as unknown as T;
}

/** A connection whose rollback fails is in an unknown state: it is closed, and the server rolls back. */
async function giveBack({ unlessLeft, answerMs }: Link, connection: PoolConnection, isOpen: boolean): Promise<void> {
  if (!isOpen) return connection.release();
  try {
    await unlessLeft(answerWithin(answerMs, connection.query('ROLLBACK')));
    connection.release();
  } catch {
    connection.destroy();
  }
}

/** An identifier, quoted for MySQL. */
export function quoted(...path: readonly string[]): string {
  return path.map((part) => `\`${part.replaceAll('`', '``')}\``).join('.');
}
