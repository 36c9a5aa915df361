/** The items in their order, in pages of `size`; the last one may be shorter. */
export function* inPages<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
