import type { SourceStore, Store } from '../../infrastructure/mysql/store.ts';

/** What an operator does with the round over a source that is under way, or asked for. */
export type RoundControl =
  /** Of the patrol as well, until they are resumed. */
  | { readonly kind: 'pause' | 'resume' }
  /** What it has not read is left to the patrol, whose next round begins in so many seconds. */
  | { readonly kind: 'stop'; readonly seconds: number }
  /** Most rows a second until it ends; undefined: as the settings say. */
  | { readonly kind: 'rate'; readonly rowsPerSecond: number | undefined };

/** Every instance obeys within seconds, for it is stored with the round. Returns the sources that have no such round. */
export async function controlRounds(
  { database, sources }: Pick<Store, 'database' | 'sources'>,
  names: readonly string[],
  control: RoundControl,
): Promise<string[]> {
  const obey = async ({ round }: SourceStore): Promise<boolean> => {
    switch (control.kind) {
      case 'pause':
        return round.pause(database).then(() => true);
      case 'resume':
        return round.resume(database).then(() => true);
      case 'stop':
        return round.stop(database, control.seconds);
      case 'rate':
        return round.setPace(database, control);
    }
  };
  const without: string[] = [];
  for (const [name, source] of sources) if (names.includes(name) && !(await obey(source))) without.push(name);
  return without;
}
