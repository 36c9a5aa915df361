import { setTimeout as delay } from 'node:timers/promises';
import { fanOutClaim, type Store } from '@friend-sync/sync-service';
import { startApplicationUpdates } from './application-updates.ts';
import { openPopularUser, type PopularUser } from './popular-user.ts';
import { median, percentile } from './statistics.ts';

const CHUNK_ROWS = [500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000];
const LEASE_MS = 30_000;
const QUIET_MS = 3_000;

export interface ChunkResult {
  readonly copies: number;
  readonly rounds: number;
  /** The application's update while no copy is written. */
  readonly quietUpdateP50Ms: number;
  readonly quietUpdateMaxMs: number;
  readonly chunks: readonly ChunkFigures[];
}

/** Of all rounds with one `fanOut.chunkRows`. */
export interface ChunkFigures {
  readonly chunkRows: number;
  readonly copiesPerSecond: number;
  readonly transactionP50Ms: number;
  readonly longestTransactionMs: number;
  /** Each round's longest wait of an application that updates copies of the chunk that is being written. */
  readonly longestWaitP50Ms: number;
  readonly longestWaitMs: number;
}

interface Pass {
  readonly copiesPerSecond: number;
  readonly transactionsMs: readonly number[];
  readonly waitsMs: readonly number[];
}

/**
 * Measures what the size of a chunk gives and takes: one user's copies are written with each size, every round in the
 * opposite order, while an application updates copies at the place where it meets the fan-out most often.
 */
export async function measureChunks(copies: number, rounds: number, say: (line: string) => void): Promise<ChunkResult> {
  await using user = await openPopularUser(copies, say);
  const quiet = await updateQuietly(user, copies);
  // The first pass fills the server's memory.
  await measurePass(user, copies, 10_000);
  const passes = new Map<number, Pass[]>(CHUNK_ROWS.map((chunkRows) => [chunkRows, []]));
  for (let round = 0; round < rounds; round++) {
    for (const chunkRows of round % 2 === 0 ? CHUNK_ROWS : CHUNK_ROWS.toReversed()) {
      const pass = await measurePass(user, copies, chunkRows);
      say(`round ${round + 1} of ${rounds}, chunks of ${chunkRows}: ${pass.copiesPerSecond} copies/s`);
      passes.get(chunkRows)?.push(pass);
    }
  }
  return {
    copies,
    rounds,
    quietUpdateP50Ms: median(quiet),
    quietUpdateMaxMs: percentile(quiet, 1),
    chunks: [...passes].map(([chunkRows, some]) => figuresOf(chunkRows, some)),
  };
}

async function updateQuietly({ friend, table }: PopularUser, copies: number): Promise<number[]> {
  const updates = startApplicationUpdates(friend, table, () => 1 + Math.floor(Math.random() * copies));
  await delay(QUIET_MS);
  return updates.stop();
}

/** Renames the user and writes every copy, as one worker does. */
async function measurePass(user: PopularUser, copies: number, chunkRows: number): Promise<Pass> {
  const transactionsMs: number[] = [];
  const store = timed(user.store, (ms) => transactionsMs.push(ms));
  await user.rename();
  let written = 0;
  const events = {
    onWritten(count: number) {
      written += count;
    },
    onApplied() {},
    onPostponed(_: string, error: Error) {
      throw error;
    },
    onFit() {},
  };
  // Chunks are written in the order of the ids: this is in the one that is being written now.
  const inChunk = () => 1 + Math.min(copies - 1, written + Math.floor(Math.random() * chunkRows));
  const updates = startApplicationUpdates(user.friend, user.table, inChunk);
  const pending = user.store.sources.get('user')?.pending;
  const began = performance.now();
  for (;;) {
    const claim = await user.store.database.transaction('claim', async (tx) => pending?.claim(tx, 1));
    if (!claim) break;
    await fanOutClaim(store, claim, { chunkRows, leaseMs: LEASE_MS }, events);
  }
  const seconds = (performance.now() - began) / 1_000;
  const waitsMs = await updates.stop();
  if (written !== copies) throw new Error(`${written} of ${copies} copies were written`);
  return { copiesPerSecond: Math.round(copies / seconds), transactionsMs, waitsMs };
}

/** The same store, which tells how long each transaction took from its beginning to its commit. */
function timed({ database, ...rest }: Store, onTransaction: (ms: number) => void): Store {
  const transaction: Store['database']['transaction'] = async (doing, work) => {
    const began = performance.now();
    const result = await database.transaction(doing, work);
    onTransaction(performance.now() - began);
    return result;
  };
  return { ...rest, database: { ...database, transaction } };
}

function figuresOf(chunkRows: number, passes: readonly Pass[]): ChunkFigures {
  const transactions = passes.flatMap(({ transactionsMs }) => transactionsMs);
  const longestWaits = passes.map(({ waitsMs }) => percentile(waitsMs, 1));
  return {
    chunkRows,
    copiesPerSecond: Math.round(median(passes.map(({ copiesPerSecond }) => copiesPerSecond))),
    transactionP50Ms: median(transactions),
    longestTransactionMs: percentile(transactions, 1),
    longestWaitP50Ms: median(longestWaits),
    longestWaitMs: percentile(longestWaits, 1),
  };
}
