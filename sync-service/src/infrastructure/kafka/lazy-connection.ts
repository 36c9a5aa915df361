import kafkajs, { type Admin, type Producer } from 'kafkajs';
import { SyncError } from '../../errors.ts';
import type { Leavable } from '../../leavable.ts';
import { inTime } from '../../within.ts';

/** kafkajs's own bound, a few times over: what it then leaves unanswered for ever must not keep those behind it waiting. */
const ANSWER_MS = 60_000;

/**
 * One connected client for all uses. Those of an admin take turns: kafkajs keeps one picture of the topics, which a question
 * about one replaces while another is answered from it. After a failure the next use gets another client, and who waited
 * for a turn fails as well; the one that failed is closed when its last use has ended, since kafkajs leaves whatever is
 * under way unanswered for ever.
 */
export function lazyConnection<C extends Admin | Producer>(create: () => C, unlessLeft: Leavable, takesTurns: boolean) {
  let current: Connection<C> | undefined;
  let isClosed = false;

  function connect(): Connection<C> {
    const client = create();
    const connection = { client: client.connect().then(() => client), uses: 0, turn: Promise.resolve() };
    // Why does not matter: what has never been connected serves nobody.
    connection.client.catch(() => {
      if (current === connection) current = undefined;
    });
    return connection;
  }

  function requireOpen(): void {
    if (isClosed) throw new SyncError('aborted', 'the connection to Kafka is closed');
  }

  async function close({ client }: Connection<C>): Promise<void> {
    await unlessLeft(client.then((one) => one.disconnect())).catch(() => {});
  }

  /** Fails where what was before it in the line did because Kafka does not answer. */
  function inTurn<T>(connection: Connection<C>, work: (client: C) => Promise<T>): Promise<T> {
    const own = connection.turn.then(() => {
      requireOpen();
      return answered(connection, work);
    });
    connection.turn = own.then(
      () => {},
      (error) => {
        // What a broker answers to one question says nothing of the next.
        if (endsConnection(error) && !(error instanceof kafkajs.KafkaJSProtocolError)) throw error;
      },
    );
    connection.turn.catch(() => {});
    return own;
  }

  return {
    /** Whoever still asks is told so: another connection would be nobody's to close, and keep the process alive. */
    async close(): Promise<void> {
      isClosed = true;
      if (current) await close(current);
      current = undefined;
    },
    async use<T>(work: (client: C) => Promise<T>): Promise<T> {
      requireOpen();
      current ??= connect();
      const connection = current;
      connection.uses++;
      try {
        return await unlessLeft(takesTurns ? inTurn(connection, work) : answered(connection, work));
      } catch (error) {
        if (error instanceof SyncError) throw error;
        if (endsConnection(error) && current === connection) current = undefined;
        const { name } = error as Error;
        throw new SyncError('source_unavailable', `Kafka does not answer as it should (${name})`, { cause: error });
      } finally {
        connection.uses--;
        if (connection.uses === 0 && current !== connection) void close(connection);
      }
    },
  };
}

function answered<C, T>({ client }: Connection<C>, work: (client: C) => Promise<T>): Promise<T> {
  const late = () => new kafkajs.KafkaJSError(`no answer within ${ANSWER_MS / 1000} s`);
  return inTime(ANSWER_MS, client.then(work), late);
}

/** kafkajs does not expect a partition that has no leader at the moment: the connection is sound. */
function endsConnection(error: unknown): boolean {
  return !(error instanceof SyncError || error instanceof TypeError);
}

interface Connection<C> {
  readonly client: Promise<C>;
  uses: number;
  /** Ends when all have had their turn that have asked so far. */
  turn: Promise<void>;
}
