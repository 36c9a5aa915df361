import { isInteger } from '../../../domain/column-types.ts';
import type { ShapeColumn, TableShape } from '../../../domain/table-shape.ts';
import {
  isCommon,
  isId,
  isPerson,
  isSecret,
  likenessOf,
  roleOf,
  singular,
  thingsOf,
  withoutOwner,
  wordsOf,
} from './words.ts';

/**
 * How much the names of a pair of columns say by themselves: `clear` and `likely` name whose the value is (`author_name`),
 * the others could be the table's own; of the `vague` ones most are.
 */
export const LIKENESSES = ['clear', 'likely', 'unsaid', 'vague'] as const;
export type Likeness = (typeof LIKENESSES)[number];

/** Why a column may hold the keys of a source, the best reason first. */
export const RELATIONS = ['names the table', 'is called as its key', 'names a person'] as const;
export type Relation = (typeof RELATIONS)[number];

/** A column of a target that may be a copy of a column of a source. */
export interface PairGuess {
  readonly column: string;
  readonly from: string;
  readonly likeness: Likeness;
}

/** Two tables of which one may hold copies of the other's columns. */
export interface Guess {
  readonly source: TableShape;
  /** The source's key, as far as names tell. */
  readonly key: string;
  readonly target: TableShape;
  readonly foreignKey: string;
  readonly relation: Relation;
  /** Of one target column there may be several. */
  readonly pairs: readonly PairGuess[];
}

/** What may be a copy of what, by the names of tables and columns alone. */
export function guessCopies(sources: readonly TableShape[], targets: readonly TableShape[]): Guess[] {
  return targets.flatMap((target) => {
    const references = referencesOf(target);
    return sources
      .filter(({ name }) => name !== target.name)
      .flatMap((source) => references.flatMap((reference) => guessOf(source, target, reference, references)));
  });
}

interface Reference {
  readonly column: ShapeColumn;
  readonly role: readonly string[];
}

function referencesOf({ columns }: TableShape): Reference[] {
  return columns.flatMap((column) => {
    const isNumber = isInteger(column) && column.dataType !== 'tinyint';
    const role = roleOf(column.name, isNumber);
    return role ? [{ column, role }] : [];
  });
}

function guessOf(source: TableShape, target: TableShape, reference: Reference, all: readonly Reference[]): Guess[] {
  const key = keyOf(source);
  const relation = key && relationOf(source, key, reference);
  if (!key || !relation) return [];
  const things = thingsOf(tableOf(source));
  const owns = (word: string) => things.includes(singular(word)) || (things.some(isPerson) && isPerson(word));
  const values = source.columns
    .map(({ name }) => ({ name, words: wordsOf(name) }))
    .filter(({ name, words }) => name !== key && !isId(words) && !isSecret(words));
  // What is in a row that has the key as its own is as likely its own.
  const isOwnKey = target.columns.every(({ name, isPrimary }) => isPrimary === (name === reference.column.name));
  const pairs = target.columns
    .filter(({ name, isPrimary }) => !isPrimary && !isId(wordsOf(name)) && !isBareReference(name, all))
    .flatMap(({ name }) => {
      const said = saidBy(wordsOf(name), reference, all, owns);
      if (!said) return [];
      const told = { ...said, isOwned: said.isOwned && !isOwnKey };
      return values.flatMap(({ name: from, words }) => {
        const likeness = likenessOf(told.value, withoutOwner(words, owns));
        return likeness ? [{ column: name, from, likeness: gradeOf(told, likeness === 'same') }] : [];
      });
    });
  return pairs.length > 0 ? [{ source, key, target, foreignKey: reference.column.name, relation, pairs }] : [];
}

/** A number that is called as a role alone. */
function isBareReference(name: string, all: readonly Reference[]): boolean {
  return all.some(({ column, role }) => column.name === name && role.length === wordsOf(name).length);
}

interface Told {
  /** The words of the column without those that say whose it is. */
  readonly value: readonly string[];
  /** Whether there were such words. */
  readonly isOwned: boolean;
}

/** What a column says, where it may be about the row that the reference points to; undefined: it is about another one. */
function saidBy(
  words: readonly string[],
  reference: Reference,
  all: readonly Reference[],
  owns: (word: string) => boolean,
): Told | undefined {
  const begins = ({ role }: Reference) => role.every((word, i) => word === words[i]);
  const named = all.filter(begins).sort((a, b) => b.role.length - a.role.length)[0];
  if (named && named.role.join() !== reference.role.join()) return undefined;
  const rest = named ? words.slice(named.role.length) : words;
  const value = withoutOwner(rest, owns);
  const isBare = value.length === 0 || (value.length === 1 && owns(value[0] ?? ''));
  // The bare role, `author` beside `author_id`, is the name of who has it.
  return isBare
    ? { value: ['full', 'name'], isOwned: true }
    : { value, isOwned: named !== undefined || value.length < words.length };
}

function gradeOf({ value, isOwned }: Told, isSame: boolean): Likeness {
  if (isOwned) return isSame ? 'clear' : 'likely';
  return isSame && !isCommon(value) ? 'unsaid' : 'vague';
}

function relationOf(source: TableShape, key: string, { column, role }: Reference): Relation | undefined {
  const things = thingsOf(tableOf(source));
  const last = singular(role.at(-1) ?? '');
  if (last === things.at(-1)) return 'names the table';
  if (wordsOf(key).length > 1 && column.name.toLowerCase() === key.toLowerCase()) return 'is called as its key';
  return things.some(isPerson) && isPerson(last) ? 'names a person' : undefined;
}

/** The primary key; of a table that has none of one column, what is called as one, so that it can be told why it is left out. */
function keyOf({ columns, name }: TableShape): string | undefined {
  const primary = columns.filter(({ isPrimary }) => isPrimary);
  if (primary.length === 1) return primary[0]?.name;
  const things = thingsOf(tableOf({ name }));
  const isKey = (column: string) => {
    const words = wordsOf(column);
    return isId(words) && (words.length === 1 || words.at(-2) === things.at(-1));
  };
  return columns.find((column) => isKey(column.name))?.name;
}

/** A name without its database, which may hold no dot here. */
function tableOf({ name }: Pick<TableShape, 'name'>): string {
  return name.slice(name.indexOf('.') + 1);
}
