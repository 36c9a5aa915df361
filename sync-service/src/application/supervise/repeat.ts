/** Looks again and again, never twice at once, until it is disposed; `look` deals with its own failures. */
export function repeat(intervalMs: number, look: () => Promise<void>): AsyncDisposable {
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
  }, intervalMs);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await looking;
    },
  };
}
