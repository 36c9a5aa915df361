/** What it comes to; undefined where that takes longer. */
export function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms, undefined);
    const end = <V>(settle: (value: V) => void) => {
      return (value: V) => {
        clearTimeout(timer);
        settle(value);
      };
    };
    work.then(end(resolve), end(reject));
  });
}

/** The same; throws what `late` makes where that takes longer. */
export async function inTime<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  const found = await within(
    ms,
    work.then((value) => ({ value })),
  );
  if (found) return found.value;
  throw late();
}
