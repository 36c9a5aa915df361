import { setTimeout as delay } from 'node:timers/promises';
import { toSyncError } from '../../errors.ts';
import { awaitIngest, type IngestParts } from './barrier.ts';
import { standstills } from './standstill.ts';
import type { Stream } from './streams.ts';
import { type WaitOptions, waiting } from './wait.ts';

/** What a server commits while somebody reads it is in its executed set so much later. */
export const VISIBLE_MS = 100;
/** A mirror that is hardly behind has caught up by then, on a quiet server too. */
const SOON_MS = 3_000;

export interface CaughtUpParts extends IngestParts {
  /** The changes of the source. */
  readonly stream: Stream;
  /** Throws while the source cannot be followed, whatever its connector says that it has sent. */
  readonly require: () => void;
}

/**
 * Returns once the mirror of a source has caught up with what the source has now; throws where that takes longer. Who has
 * found that a copy, or the source, and the mirror differ looks once more after it: until then the mirror may be what is old.
 */
export async function awaitCaughtUp(
  parts: CaughtUpParts,
  deadlineMs: number,
  options: Pick<WaitOptions, 'onWait'> & Required<Pick<WaitOptions, 'alive'>>,
): Promise<void> {
  const { store, stream, require } = parts;
  const alive = async () => {
    require();
    await options.alive();
  };
  require();
  await delay(VISIBLE_MS);
  const obstacles = () => standstills(store, [stream]);
  await awaitIngest(stream, parts, waiting(deadlineMs, { ...options, alive, obstacles }));
  require();
}

/** By source what its mirror waits for, where it does not catch up within seconds with what the source has now. */
export async function findBehind(parts: IngestParts, streams: readonly Stream[]): Promise<ReadonlyMap<string, string>> {
  const looks = streams.map(async (stream): Promise<[string, string][]> => {
    const obstacles = () => standstills(parts.store, [stream]);
    return awaitIngest(stream, parts, waiting(SOON_MS, { obstacles })).then(
      () => [],
      (error) => [[stream.sourceName ?? stream.connectorName, toSyncError(error).message]],
    );
  });
  return new Map((await Promise.all(looks)).flat());
}
