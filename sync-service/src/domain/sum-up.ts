import type { CopyFacts, FlowFacts, KeyFacts, Summary } from './key-facts.ts';
import type { Trouble } from './trouble.ts';

/** Parts that stand between the source and the mirror, the one that says most first; and between the mirror and copies. */
const OF_INGEST = [
  /^(ingest|assignment) of /,
  /^table of /,
  /^user database/,
  /^source /,
  /^connector of /,
  /^consumer/,
];
const OF_READS = [/^reads? (of|at)/, /^round of /, /^pipeline from /, /^friend database/, /^names/];
const OF_FAN_OUT = [/^copies by /, /^copy /, /^fan-out/, /^pipeline to /, /^friend database/];

/**
 * Why the copies of a key are as they are, in one sentence: what is nearest the cause, with what to do where somebody must.
 * Pure. What could not be told matters only where nothing else explains it.
 */
export function sumUp(facts: KeyFacts): Summary {
  const { verdict, sentence } = summaryOf(facts);
  // Even what is known for certain may not be all.
  const isCut = verdict !== 'equal' && facts.unanswered.some(({ isAway }) => isAway);
  // All that is wrong with a table is told line by line.
  return { verdict: isCut ? 'unreachable' : verdict, sentence: sentence.replaceAll('\n', '; ') };
}

function summaryOf(facts: KeyFacts): Summary {
  const { row, copies, unanswered } = facts;
  if (row !== undefined && copies.length > 0 && !copies.some(isUntold))
    return isRight(facts) ? equality(facts) : reason(facts);
  const [silent] = unanswered;
  return toDo(`It cannot be told: ${silent?.problem ?? 'a server does not answer'}.`);
}

const isUntold = ({ held, copies }: CopyFacts) => held === undefined && copies === undefined;
const sum = (facts: KeyFacts, of: (copy: CopyFacts) => number | undefined) =>
  facts.copies.reduce((total, copy) => total + (of(copy) ?? 0), 0);
const wrongOf = (facts: KeyFacts) => sum(facts, ({ differing, unsettled }) => (differing ?? 0) + (unsettled ?? 0));
const isRight = (facts: KeyFacts) => wrongOf(facts) + sum(facts, ({ misspelt }) => misspelt) === 0;

const toDo = (sentence: string): Summary => ({ verdict: 'to do', sentence });
const onItsWay = (sentence: string): Summary => ({ verdict: 'on its way', sentence });

function equality(facts: KeyFacts): Summary {
  const { row, onDelete, copies } = facts;
  const held = copies.find((copy) => copy.held);
  if (held) return toDo(`Every copy that is compared is right, but ${held.copy} is held: ${held.held}.`);
  const equal = (sentence: string): Summary => ({ verdict: 'equal', sentence });
  const count = sum(facts, (copy) => copy.copies);
  if (count === 0)
    return equal(row ? 'There is no copy of it.' : 'The source has no row of this key, nor is there a copy.');
  if (row) return equal('Every copy equals its source.');
  const says = onDelete === 'keep' ? 'keeps its copies as they are' : 'has replaced what its copies held';
  return equal(`The source has no row of this key, and onDelete ${says}.`);
}

/** Some copies are not right. */
function reason(facts: KeyFacts): Summary {
  const { flow } = facts;
  const wrong = wrongOf(facts);
  const misspelt = sum(facts, (copy) => copy.misspelt);
  if (wrong === 0)
    return toDo(
      `${counted(misspelt)} the source row in another spelling (letter case, for example), and no daemon writes them: correct their keys.`,
    );
  const subject = `${wrong} ${wrong === 1 ? 'copy differs' : 'copies differ'}`;
  if (!flow) return toDo(`${subject}: ${facts.unanswered[0]?.problem ?? 'our tables do not tell why'}.`);
  if (flow.daemons.length === 0) return toDo(`${subject}: no daemon runs; friend-sync start.`);
  if (facts.mirror === undefined) return toDo(`${subject}: ${facts.unanswered[0]?.problem}.`);
  const isBehind = facts.mirror?.isEqual === false || (facts.mirror === null && facts.row !== null);
  return isBehind ? beforeMirror(facts, flow, subject) : behindMirror(facts, flow, subject);
}

const counted = (n: number) => `${n} ${n === 1 ? 'copy names' : 'copies name'}`;

/** The mirror does not say what the source says. */
function beforeMirror(facts: KeyFacts, flow: FlowFacts, subject: string): Summary {
  const { source, key, due, row, mirror, deadLetters } = facts;
  if (flow.historyLost) {
    return toDo(
      `${subject}: changes of ${source} are not followed, since ${flow.historyLost}; friend-sync epoch new ${source} --execute.`,
    );
  }
  if (due?.refused)
    return toDo(`${subject}: the mirror does not take its row, due since ${due.since} UTC: ${due.refused}.`);
  if (flow.connector) return toDo(`${subject}: its change has not arrived: ${flow.connector}.`);
  const trouble = troubleIn(flow, [...OF_INGEST, ...OF_READS]);
  if (trouble) return toDo(`${subject}: its change is not ingested, since ${told(trouble)}.`);
  if (facts.isChanging) return onItsWay(`${subject}: the row changes at this very moment; look again.`);
  if (row === null) return gone(facts, flow, subject);
  const [letter] = deadLetters;
  if (due && letter) {
    const where = `partition ${letter.partition}, offset ${letter.offset}: ${letter.reason}`;
    return onItsWay(
      `${subject}: its message could not be decoded (${where}), and its row is read, due since ${due.since} UTC.`,
    );
  }
  if (due && flow.distrust[0])
    return onItsWay(
      `${subject}: its stream is not trusted (${flow.distrust[0]}), and its row is read, due since ${due.since} UTC.`,
    );
  if (due) {
    const unknown = mirror?.unknown.length ? `its message did not tell ${mirror.unknown.join(', ')}, and ` : '';
    const waits = flow.behind ? `, once this is over: ${flow.behind}` : '';
    return onItsWay(
      `${subject}: ${unknown}its row is read, due since ${due.since} UTC after ${due.attempts} looks${waits}.`,
    );
  }
  if (flow.behind) return onItsWay(`${subject}: its change is on its way: ${flow.behind}.`);
  if (!flow.isLoaded)
    return onItsWay(`${subject}: the first load of ${source} has not ended; friend-sync status shows how far it is.`);
  return onItsWay(
    `${subject}: no message has told of what its row holds now, and the next round reads it; at once: friend-sync backfill --keys ${word(key)} --source ${source}.`,
  );
}

/** The source has lost a row, and the mirror has it. */
function gone({ source }: KeyFacts, { behind, goneKeys }: FlowFacts, subject: string): Summary {
  if (behind) return onItsWay(`${subject}: the source has no row of this key, and that is on its way: ${behind}.`);
  if (goneKeys > 0) {
    const sentence = `${subject}: its row is one of ${goneKeys} that are gone from ${source} unheard of`;
    return toDo(`${sentence}; if they were deleted: friend-sync gone ${source} --execute.`);
  }
  return onItsWay(
    `${subject}: the source has no row of this key, which no message has told, and the next round takes it as deleted; at once: friend-sync verify --repair.`,
  );
}

/** The mirror says what the source says, and copies do not hold it. */
function behindMirror(facts: KeyFacts, flow: FlowFacts, subject: string): Summary {
  const { source, key, pending, mirror, copies } = facts;
  if (mirror === null)
    return toDo(
      `${subject}: they name a row that the source has not, and lack what onDelete says; friend-sync verify --repair.`,
    );
  if (pending?.reason !== undefined && pending.attempts > 0) {
    const waits = pending.waitsFor === undefined ? '' : `; it waits for the key ${pending.waitsFor}`;
    return toDo(`${subject}: the key is parked, and waits since ${pending.since} UTC: ${pending.reason}${waits}.`);
  }
  if (flow.pausedSince) return toDo(`${subject}: fan-out is paused since ${flow.pausedSince} UTC; friend-sync resume.`);
  const locked = copies.find((copy) => copy.locked);
  if (locked)
    return onItsWay(
      `${subject}: another transaction has locked ${locked.locked} of them in ${locked.table}, and is waited for.`,
    );
  const trouble = troubleIn(flow, OF_FAN_OUT);
  if (trouble) return toDo(`${subject}: nothing is written to them, since ${told(trouble)}.`);
  if (facts.isChanging) return onItsWay(`${subject}: the row changes at this very moment; look again.`);
  if (pending)
    return onItsWay(`${subject}: the key is pending since ${pending.since} UTC, and a daemon writes them next.`);
  const missed = copies.find((copy) => copy.isMissed);
  if (missed)
    return onItsWay(
      `${subject}: ${missed.copy} was held or missed, and waits for a sweep; friend-sync status shows the round.`,
    );
  const columns = copies.flatMap(({ table, columns }) => columns.map((column) => `${table}.${column}`));
  const where = columns.length > 0 ? ` (${columns.join(', ')})` : '';
  return onItsWay(
    `${subject}${where}: somebody else has written there, or the mapping has changed since; the next round corrects it; at once: friend-sync mark --keys ${word(key)} --source ${source}.`,
  );
}

function troubleIn({ troubles }: FlowFacts, parts: readonly RegExp[]): Trouble | undefined {
  const serious = troubles.filter(({ isNote }) => !isNote);
  return parts.map((part) => serious.find((trouble) => part.test(trouble.part))).find((found) => found !== undefined);
}

const told = ({ part, problem, hint }: Trouble) => `${part}: ${problem}${hint && `; ${hint}`}`;

/** As a shell takes it for one word. */
const word = (key: string) => (/^[\w.@-]+$/.test(key) ? key : `'${key.replaceAll("'", "'\\''")}'`);
