import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectorStatus, connectorNames, isRunning } from '@friend-sync/connectors';
import { type Operations, type RoundReport, type Trouble, troublesOf } from '@friend-sync/sync-service';
import type { Command } from 'commander';
import { type Load, withOperations } from '../context.ts';
import { EXIT, explain } from '../exit.ts';
import { print, printJson, printTable, talk } from '../output.ts';
import { describeRound } from '../round.ts';

/** A server that does not answer hides nothing of the others for longer. */
const ANSWER_MS = 10_000;

/** `friend-sync status`: daemons, connectors, lag, waiting keys, and what halts ingest for good. */
export function addStatus(program: Command, load: Load): void {
  program
    .command('status')
    .description(
      'daemons, connectors, lag per partition, keys that wait, rounds over the sources, trust; exit 1 where changes are not applied',
    )
    .action(async () => {
      const { configuration, json } = load();
      const names = connectorNames(configuration);
      const [connectors, progress, keys, rounds, behind, distrusted, lost, daemons, held] = await withOperations(
        configuration,
        (operations: Operations) =>
          Promise.all([
            part(() =>
              Promise.all(names.map(async (name) => ({ name, status: await operations.connect.status(name) }))),
            ),
            part(() => operations.progress()),
            part(() => operations.keys()),
            part(() => operations.rounds()),
            part(async () => Object.fromEntries(await operations.behind())),
            part(() => operations.distrusted()),
            part(() => operations.historyLost()),
            part(() => readDaemons(operations)),
            part(() => operations.held()),
          ]),
      );
      const failures = [connectors, progress, keys, rounds, behind, distrusted, lost, daemons, held].filter(
        (p) => 'error' in p,
      );
      const areHeld = 'value' in held && held.value.length > 0;
      const areParked = 'value' in keys && Object.values(keys.value).some(({ parked }) => parked > 0);
      if (
        areHeld ||
        areParked ||
        standsStill(connectors, lost, daemons) ||
        failures.some(({ code }) => code !== EXIT.temporary)
      )
        process.exitCode = EXIT.failed;
      else if (failures.length > 0) process.exitCode = EXIT.temporary;
      const historyLost =
        'error' in lost ? lost : { value: Object.fromEntries([...lost.value].map(([name, e]) => [name, e.message])) };
      if (json)
        return printJson({ daemons, connectors, progress, keys, rounds, behind, distrusted, historyLost, held });

      const told = new Set<string>();
      /** Most parts ask the same server. */
      const tell = (part: string, { error }: Failure) => {
        print(told.has(error) ? `${part}: the same` : `${part}: ${error}`);
        told.add(error);
      };
      if ('error' in daemons) tell('daemons', daemons);
      else {
        const { states, troubles, pausedSince } = daemons.value;
        print(
          states.length > 0
            ? `daemons: ${states.length} (${states.join(', ')})`
            : 'no daemon runs, so nothing is read or applied; friend-sync start',
        );
        for (const { part: where, problem, hint, isNote } of troubles)
          print(`${isNote ? 'note' : 'trouble'}: ${where}: ${problem}${hint && `\n  ${hint}`}`);
        if (pausedSince !== undefined) print(`fan-out is paused since ${pausedSince} UTC; friend-sync resume`);
      }

      if ('error' in lost) tell('histories', lost);
      else
        for (const [source, error] of lost.value)
          print(`source ${source} cannot be followed: ${explain(error).message}`);

      if ('error' in held) tell('copies', held);
      else for (const { source, copy, problem } of held.value) print(`copy ${copy} of ${source} is held: ${problem}`);

      if ('error' in connectors) tell('connectors', connectors);
      else for (const { name, status } of connectors.value) print(`connector ${name}: ${stateOf(status)}`);
      print('');
      if ('error' in progress) tell('offsets', progress);
      else
        printTable(
          ['TOPIC', 'PARTITION', 'CURRENT-OFFSET', 'LOG-END-OFFSET', 'LAG'],
          progress.value.map((p) => [p.topic, p.partition, p.nextOffset, p.endOffset, p.lag]),
        );
      print('');
      if ('error' in keys) tell('keys', keys);
      else {
        printTable(
          ['SOURCE', 'PENDING', 'PARKED', 'DUE', 'INCOMPLETE'],
          Object.entries(keys.value).map(([source, n]) => [source, n.pending, n.parked, n.due, n.incomplete ?? '?']),
        );
        for (const [source, { reasons }] of Object.entries(keys.value))
          for (const { reason, keys: count } of reasons) print(`${source}: ${count} keys are parked: ${reason}`);
      }
      print('');
      if ('error' in rounds) tell('rounds', rounds);
      else for (const [source, report] of Object.entries(rounds.value)) print(`${source}: ${describe(report)}`);
      if ('error' in behind) tell('what is behind', behind);
      else
        for (const [source, step] of Object.entries(behind.value))
          print(`${source} is behind, and differences are looked at once it has caught up: ${step}`);
      if ('error' in distrusted) tell('streams', distrusted);
      else
        for (const [source, causes] of Object.entries(distrusted.value))
          for (const { since, reason } of causes)
            talk(`the stream of ${source} is not trusted since ${since} UTC, rows are read instead: ${reason}`);
    });
}

interface Daemons {
  /** Of each that runs. */
  readonly states: readonly string[];
  /** Of all of them. */
  readonly troubles: readonly Trouble[];
  /** UTC; undefined: fan-out is not paused. */
  readonly pausedSince: string | undefined;
}

async function readDaemons(operations: Operations): Promise<Daemons> {
  const { daemons, pause, database } = await operations.store();
  const running = await daemons.running(database);
  return {
    states: running.map((one) => one?.state ?? 'older version'),
    troubles: troublesOf(running),
    pausedSince: await pause.since(database),
  };
}

/** By what is known of it, changes do not come or are not applied. */
function standsStill(
  connectors: Part<readonly { status: ConnectorStatus | undefined }[]>,
  lost: Part<ReadonlyMap<string, unknown>>,
  daemons: Part<Daemons>,
): boolean {
  const areStopped = 'value' in connectors && connectors.value.some(({ status }) => !isRunning(status));
  const areLost = 'value' in lost && lost.value.size > 0;
  return areStopped || areLost || ('value' in daemons && areIdle(daemons.value));
}

function areIdle({ states, troubles, pausedSince }: Daemons): boolean {
  const areReading = states.some((state) => state === 'consuming' || state === 'older version');
  return !areReading || troubles.some(({ isNote }) => !isNote) || pausedSince !== undefined;
}

function stateOf(status: ConnectorStatus | undefined): string {
  if (!status) return 'not created';
  return `${status.state}, tasks ${status.tasks.map(({ state }) => state).join(', ') || 'none'}`;
}

function describe(report: RoundReport): string {
  const { lastEndedAt, lastDurationMs, lastRowCount, lastCorrectedKeys, goneKeys, leg, isAsked } = report;
  const last =
    lastEndedAt === undefined
      ? 'no round has ended yet'
      : `last round ended ${lastEndedAt} UTC, took ${(lastDurationMs / 1000).toFixed(1)} s, ${lastRowCount} rows, ${lastCorrectedKeys} keys corrected`;
  const asked = isAsked ? '; one is asked for, and has not begun' : '';
  const paused = report.pausedSince === undefined ? '' : `; rounds are paused since ${report.pausedSince} UTC`;
  const now = leg === undefined ? asked + paused : `; under way: ${leg}, ${describeRound(report)}`;
  const gone = goneKeys > 0 ? `; ${goneKeys} rows are gone unheard of: friend-sync gone` : '';
  return last + now + gone;
}

interface Failure {
  readonly error: string;
  readonly code: number;
}
type Part<T> = { readonly value: T } | Failure;

async function part<T>(read: () => Promise<T>): Promise<Part<T>> {
  const late = { error: `no answer within ${ANSWER_MS / 1000} s`, code: EXIT.temporary };
  const answer = read().then(
    (value) => ({ value }),
    (error) => {
      const { message, code } = explain(error);
      return { error: message, code };
    },
  );
  return Promise.race([answer, delay(ANSWER_MS, late, { ref: false })]);
}
