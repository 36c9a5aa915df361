/** The value below which a share of the values lies, rounded to 0.1. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}
