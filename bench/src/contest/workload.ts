/** Users of the contest, and how many copies each has. */
export const USERS = 50_000;
export const COPIES_EACH = 20;
/** Zipf's exponent: the most popular user gets one change in eight. */
const SKEW = 1.1;
const SEED = 20_261_127;

/** A stream of changes, the same in every run; each gives one user a new nickname and avatar. */
export interface Workload {
  readonly name: string;
  readonly changes: number;
  /** Which user each change is of. */
  keys(): Iterable<number>;
}

/** `scale`: of the number of users, copies and changes. */
export function workloadsOf(users: number, scale: number): Workload[] {
  const of = (changes: number) => Math.round(changes * scale);
  return [
    onceOf(users, users),
    uniformOf(users, of(100_000)),
    { name: 'skewed', changes: of(200_000), keys: () => zipf(users, of(200_000)) },
  ];
}

/** Changes of so many users, each once. */
export function onceOf(users: number, changes: number, name = 'once'): Workload {
  return { name, changes, keys: () => [...shuffled(users)].slice(0, changes) };
}

/** Changes of any user. */
export function uniformOf(users: number, changes: number, name = 'uniform'): Workload {
  return { name, changes, keys: () => uniform(users, changes) };
}

/** What a change makes of its user. */
export const nickOf = (mark: string, n: number) => `Nick ${mark} ${n}`;
export const imageOf = (mark: string, n: number) => `https://img.example/${mark}/${n}.png`;

function* shuffled(users: number): Iterable<number> {
  const random = randomFrom(SEED);
  const keys = Array.from({ length: users }, (_, i) => i + 1);
  for (let i = keys.length - 1; i >= 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [keys[i], keys[j]] = [keys[j] ?? 0, keys[i] ?? 0];
    yield keys[i] ?? 0;
  }
}

function* uniform(users: number, changes: number): Iterable<number> {
  const random = randomFrom(SEED + 1);
  for (let n = 0; n < changes; n++) yield 1 + Math.floor(random() * users);
}

function* zipf(users: number, changes: number): Iterable<number> {
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= users; rank++) {
    sum += rank ** -SKEW;
    sums.push(sum);
  }
  const random = randomFrom(SEED + 2);
  // Ranks are given to users in no order, so that the popular ones do not lie side by side.
  const userOf = [...shuffled(users)];
  for (let n = 0; n < changes; n++) yield userOf[firstAbove(sums, random() * sum)] ?? 1;
}

/** The index of the first of the ascending `sums` that is above `wanted`. */
function firstAbove(sums: readonly number[], wanted: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] ?? 0) > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Mulberry32: small, and even enough for this. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
