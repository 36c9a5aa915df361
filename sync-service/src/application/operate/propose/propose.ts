import type { TableName } from '@friend-sync/connectors';
import type { Database } from '../../../infrastructure/mysql/server/database.ts';
import { examine, type Finding, toTableName } from './examine.ts';
import { guessCopies, LIKENESSES, RELATIONS } from './match.ts';
import { readSchema } from './read-schema.ts';
import { isRemoval, thingsOf, wordsOf } from './words.ts';

/** What a configuration file is made of: each guess with its reason, without a value of a row. */
export interface Proposal {
  readonly sources: readonly ProposedSource[];
  readonly leftOut: readonly LeftOut[];
}

export interface ProposedSource {
  readonly name: string;
  readonly table: TableName;
  readonly key: string;
  readonly copies: readonly ProposedCopy[];
}

export interface ProposedCopy {
  readonly table: string;
  readonly key: string;
  readonly why: string;
  readonly set: readonly ProposedPair[];
  readonly watch: readonly string[];
  /** What is allowed and may surprise. */
  readonly notes: readonly string[];
}

export interface ProposedPair {
  readonly column: string;
  readonly from: string;
  readonly why: string;
}

/** What was considered, and why it is not proposed, with the remedy where there is one. */
export interface LeftOut {
  readonly source: string;
  readonly table: string;
  readonly key: string;
  readonly set: readonly ProposedPair[];
  readonly why: string;
}

/** Looks at two databases, of which it reads a little and changes nothing, and proposes what is a copy of what. */
export async function propose(
  source: Database,
  target: Database,
  databases: { readonly user: string; readonly friend: string },
): Promise<Proposal> {
  const tables = await readSchema(source, databases.user);
  const findings: Finding[] = [];
  for (const guess of guessCopies(tables, await readSchema(target, databases.friend)))
    findings.push(...(await examine(source, target, guess)));
  const best = bestOfEach(findings);
  return { sources: toSources(best.filter(isProposed)), leftOut: toLeftOut(best.filter((one) => !isProposed(one))) };
}

const isProposed = ({ problems, verdict }: Finding) => problems.length === 0 && verdict.isProposed;

/** A column of a row has one truth: of each target column the best. */
function bestOfEach(findings: readonly Finding[]): Finding[] {
  return grouped(findings, ({ guess, pair }) => `${guess.target.name}.${pair.column}`).map((ofColumn) => {
    const [best = ofColumn[0], next] = [...ofColumn].sort(byRank);
    // Rows tell, names do not.
    if (!next || byRank(best, next) !== 0 || !isProposed(best) || best.verdict.share > 0) return best;
    const why = `${best.verdict.why}; it is as likely of ${next.pair.from} of ${next.guess.source.name}`;
    return { ...best, verdict: { ...best.verdict, isProposed: false, why } };
  });
}

function byRank(one: Finding, other: Finding): number {
  const [a, b] = [rankOf(one), rankOf(other)];
  return a.map((value, i) => value - (b[i] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

/** Place by place, the lower the better. */
function rankOf(one: Finding): number[] {
  return [
    -Number(isProposed(one)),
    -Number(one.verdict.isProposed),
    -one.verdict.share,
    LIKENESSES.indexOf(one.pair.likeness),
    RELATIONS.indexOf(one.guess.relation),
  ];
}

function toSources(findings: readonly Finding[]): ProposedSource[] {
  const names = new Set<string>();
  return grouped(findings, ({ guess }) => guess.source.name).map((ofSource): ProposedSource => {
    const { source, key } = ofSource[0].guess;
    const table = toTableName(source);
    const copies = grouped(ofSource, ({ guess }) => `${guess.target.name}.${guess.foreignKey}`).map(toCopy);
    return { name: nameFor(table.table, names), table, key, copies };
  });
}

function toCopy(findings: Group): ProposedCopy {
  const [{ guess, sample }] = findings;
  const { target, foreignKey, relation } = guess;
  const rows = sample?.rows ? `; ${sample.found} of ${sample.rows} sampled copies have a row there` : '';
  const set = findings.map(({ pair: { column, from }, verdict }) => ({ column, from, why: verdict.why }));
  const isFree = (name: string) => name !== foreignKey && set.every(({ column }) => column !== name);
  return {
    table: toTableName(target).table,
    key: foreignKey,
    why: relation + rows,
    set,
    watch: target.columns.map(({ name }) => name).filter((name) => isRemoval(wordsOf(name)) && isFree(name)),
    notes: [...new Set(findings.flatMap(({ notes }) => notes))],
  };
}

function toLeftOut(findings: readonly Finding[]): LeftOut[] {
  const whyOf = ({ verdict, problems }: Finding) =>
    [...(verdict.isProposed ? [] : [verdict.why]), ...problems].join('; ');
  const placeOf = ({ guess }: Finding) => `${guess.target.name}.${guess.foreignKey} ${guess.source.name}`;
  return grouped(findings, (one) => `${placeOf(one)} ${whyOf(one)}`).map((same): LeftOut => {
    const [first] = same;
    return {
      source: first.guess.source.name,
      table: toTableName(first.guess.target).table,
      key: first.guess.foreignKey,
      set: same.map(({ pair: { column, from }, verdict }) => ({ column, from, why: verdict.why })),
      why: whyOf(first),
    };
  });
}

type Group = readonly [Finding, ...Finding[]];

function grouped(findings: readonly Finding[], by: (finding: Finding) => string): Group[] {
  const groups = new Map<string, [Finding, ...Finding[]]>();
  for (const finding of findings) {
    const group = groups.get(by(finding));
    if (group) group.push(finding);
    else groups.set(by(finding), [finding]);
  }
  return [...groups.values()];
}

/** After the thing that the table holds; `names` are those that are taken. */
function nameFor(table: string, names: Set<string>): string {
  const toName = (text: string) =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '_')
      .replace(/^[_0-9]+|_+$/g, '')
      .slice(0, 25);
  const wanted = [toName(thingsOf(table).at(-1) ?? ''), toName(table), 'source'].filter(Boolean);
  const numbered = Array.from({ length: names.size }, (_, i) => `${wanted[0]}_${i + 2}`);
  const name = [...wanted, ...numbered].find((one) => !names.has(one)) ?? '';
  names.add(name);
  return name;
}
