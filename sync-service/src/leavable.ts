import { SyncError } from './errors.ts';

/** Passes on what `work` comes to, or fails as `aborted`, whichever is first. */
export type Leavable = <T>(work: Promise<T>) => Promise<T>;

/** Work that is waited for until the signal is aborted, and no longer. What it comes to afterwards nobody hears of. */
export function leavable(signal: AbortSignal | undefined): Leavable {
  if (!signal) return (work) => work;
  // One listener for all: there is such work for each statement.
  const leave = new Set<() => void>();
  const leaveAll = () => {
    for (const one of leave) one();
  };
  signal.addEventListener('abort', leaveAll, { once: true });
  return (work) =>
    new Promise((resolve, reject) => {
      const fail = () => reject(new SyncError('aborted', 'not waited for any longer'));
      if (signal.aborted) fail();
      leave.add(fail);
      work.then(resolve, reject).finally(() => leave.delete(fail));
    });
}
