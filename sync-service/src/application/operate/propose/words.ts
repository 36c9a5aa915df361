const IDS = ['id', 'uuid', 'guid'];
/** What a column that points to a row of another table ends with. */
const REFERENCES = [...IDS, 'key', 'no', 'code'];

/** What people are called in tables. */
const PEOPLE = new Set(
  `user member account customer person profile employee staff player student teacher contact
   author poster friend owner creator sender receiver recipient commenter reviewer follower following fan inviter invitee
   manager admin operator assignee reporter buyer seller uploader editor updater participant host leader peer`.split(
    /\s+/,
  ),
);

/** What tables of people, orders and so on are called besides what is in them. */
const NOISE = new Set(['info', 'information', 'data', 'field', 'detail', 'base', 'basic', 'main', 'entity', 'table']);

/** By themselves, each table has its own of these. */
const COMMON = new Set(
  `id name title status state type kind level sort order version remark note description content comment text body flag
   deleted del is enabled active created updated time date at by count sex gender ip code url lang locale number value`.split(
    /\s+/,
  ),
);

/** Nobody copies these on purpose. */
const SECRETS = new Set(['password', 'passwd', 'pwd', 'pass', 'secret', 'token', 'salt', 'hash']);

/** A row that records what happened keeps these as they were. */
const AMOUNTS = new Set(
  'price amount cost fee total subtotal discount tax balance sum money rate quantity qty stock count point points'.split(
    ' ',
  ),
);

/** A flag or time by which an application takes a row away, and brings it back. */
const REMOVALS = new Set(['quit', 'deleted', 'delete', 'del', 'removed', 'exited', 'dismissed']);

const WORD_FOR: Readonly<Record<string, string>> = { img: 'image', pic: 'picture', mail: 'email', tel: 'phone' };

/** One thing that has several names. */
const SAME_THING: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['head', 'head image', 'face', 'portrait', 'photo', 'picture', 'image', 'icon', 'profile image'].map((words) => [
      words,
      'avatar',
    ]),
  ),
  nick: 'nick name',
  mobile: 'phone',
  'email address': 'email',
  'phone number': 'phone',
};

/** By which of several names somebody, or something, goes. */
const NAMES = new Set(['name', 'nick name', 'display name', 'full name', 'real name', 'screen name', 'title', 'login']);

/** The words of a name: `order_item`, `authorID`, `username`. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1_$2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
    .flatMap(split)
    .map((word) => WORD_FOR[word] ?? word);
}

function split(word: string): string[] {
  if (word === 'uid') return ['user', 'id'];
  const [, head = '', tail = ''] = /^(\p{L}{3,})(name|avatar|image|img|pic|url|email|phone|id)$/u.exec(word) ?? [];
  return !head || (tail === 'id' && !isPerson(head)) ? [word] : [...split(head), tail];
}

/** `categories` is `category`. */
export function singular(word: string): string {
  if (word === 'people') return 'person';
  if (/ies$/.test(word)) return word.replace(/ies$/, 'y');
  if (/(ss|x|ch|sh)es$/.test(word)) return word.slice(0, -2);
  return /[^sui]s$/.test(word) ? word.slice(0, -1) : word;
}

/** The words of what a table holds rows of; the last one is the thing itself. */
export function thingsOf(table: string): string[] {
  const words = wordsOf(table).map(singular);
  const things = words.filter((word) => !NOISE.has(word));
  return things.length > 0 ? things : words;
}

export const isPerson = (word: string): boolean => PEOPLE.has(singular(word));

/** The role in which a column that is named so points to a row, `last_poster_id`: last, poster; undefined: it does not. */
export function roleOf(column: string, isNumber: boolean): string[] | undefined {
  const words = wordsOf(column);
  const last = words.at(-1) ?? '';
  if (REFERENCES.includes(last)) return words.length > 1 ? words.slice(0, -1) : undefined;
  return isNumber && isPerson(last) ? words : undefined;
}

/** Without the words in front that say whose it is. */
export function withoutOwner(words: readonly string[], isOwner: (word: string) => boolean): readonly string[] {
  let rest = words;
  while (rest.length > 1 && isOwner(rest[0] ?? '')) rest = rest.slice(1);
  return rest;
}

/** Whether two columns, without the words that say whose they are, are called the same, or mean the same thing. */
export function likenessOf(a: readonly string[], b: readonly string[]): 'same' | 'alike' | undefined {
  if (a.join(' ') === b.join(' ')) return 'same';
  const [one, other] = [thing(a), thing(b)];
  return one === other || (NAMES.has(one) && NAMES.has(other)) ? 'alike' : undefined;
}

function thing(words: readonly string[]): string {
  const isLocated = words.length > 1 && ['url', 'path', 'src', 'link'].includes(words.at(-1) ?? '');
  const name = (isLocated ? words.slice(0, -1) : words).join(' ');
  return SAME_THING[name] ?? name;
}

export const isCommon = (words: readonly string[]): boolean => words.every((word) => COMMON.has(word));
export const isSecret = (words: readonly string[]): boolean => words.some((word) => SECRETS.has(word));
export const isAmount = (words: readonly string[]): boolean => words.some((word) => AMOUNTS.has(word));
export const isRemoval = (words: readonly string[]): boolean => words.some((word) => REMOVALS.has(word));
export const isId = (words: readonly string[]): boolean => IDS.includes(words.at(-1) ?? '');
