import type { Random } from './random.ts';

/** What the user service shows of a user at one moment; one of the two always carries the version's number. */
export interface Version {
  readonly nick: string | null;
  readonly head: string | null;
}

/** A version's number as it stands in a value: `u17#000123`. */
export function numbered(user: number, n: number): string {
  return `u${user}#${String(n).padStart(6, '0')}`;
}

/**
 * The number of a version, from its values: the higher one, since a value may have come back from an earlier version.
 * 0 where no value carries one: nothing was written yet.
 */
export function numberOf(values: readonly (string | null)[]): number {
  return Math.max(0, ...values.map((value) => Number(value?.match(/#(\d{6,})/)?.[1] ?? 0)));
}

/** What no row ever held once it was committed. */
export const MADE_UP = 'made up';
/** So many asterisks stand for a text that the connector hides. */
export const MASK_CHARS = 16;

/** Whether a stream has made it up: it never was a version. */
export function isMadeUp(values: readonly (string | null)[]): boolean {
  return values.some((value) => value?.includes(MADE_UP) || value?.includes('*'.repeat(MASK_CHARS)));
}

/** The next versions of one user, the first of which is number `n`: mostly one, three for a name that goes and comes back. */
export function nextVersions(random: Random, user: number, n: number): Version[] {
  const name = numbered(user, n);
  const avatar = (number = n) => `https://img.example/${numbered(user, number)}.png`;
  switch (random.between(1, 8)) {
    case 1:
      return [{ nick: null, head: avatar() }];
    case 2:
      return [{ nick: name, head: null }];
    case 3:
      return [{ nick: `👩‍👩‍👧‍👦${name}🎈`, head: avatar() }];
    case 4: // A → B → A, which the usual collations take for equal.
      return [`User ${user}`, `USER ${user}`, `User ${user}`].map((nick, i) => ({ nick, head: avatar(n + i) }));
    default:
      return [{ nick: name, head: avatar() }];
  }
}
