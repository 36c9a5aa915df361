import { setTimeout as delay } from 'node:timers/promises';
import type { Environment } from '@friend-sync/connectors';
import {
  type Operations,
  type Part,
  type PipelineState,
  type RoundReport,
  readState,
  standsStill,
  stateOfConnector,
  troublesIn,
} from '@friend-sync/sync-service';
import { type Command, InvalidArgumentError } from 'commander';
import { type Load, withOperations } from '../context.ts';
import { EXIT, explain } from '../exit.ts';
import { print, printJson, printTable } from '../output.ts';
import { painting, pictureOf } from '../picture.ts';
import { describeRound } from '../round.ts';

const DEFAULT_SECONDS = 2;
/** Forgets what the terminal shows, and goes to its upper left. */
const CLEAR = '\u001b[2J\u001b[H';

/** `friend-sync status`: daemons, connectors, lag, waiting keys, and what halts ingest for good. */
export function addStatus(program: Command, load: Load, env: Environment): void {
  program
    .command('status')
    .description(
      'daemons, connectors, lag per partition, keys that wait, rounds over the sources, trust; exit 1 where changes are not applied',
    )
    .option(
      '--watch [seconds]',
      `the pipeline as a picture, stage by stage, again and again (every ${DEFAULT_SECONDS} seconds) until it is interrupted; the exit code is that of the last one`,
      secondsOf,
    )
    .action(async ({ watch }: { watch?: number | true }) => {
      const { configuration, json } = load();
      await withOperations(configuration, async (operations) => {
        if (watch !== undefined) return repeat(operations, json, env, watch === true ? DEFAULT_SECONDS : watch);
        const state = await readState(operations);
        process.exitCode = exitCodeOf(state);
        if (json) printJson(toJson(state));
        else show(state);
      });
    });
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0)) throw new InvalidArgumentError('It is not a number of seconds.');
  return seconds;
}

async function repeat(operations: Operations, json: boolean, env: Environment, seconds: number): Promise<void> {
  const isTerminal = process.stdout.isTTY === true;
  const paint = painting(isTerminal && !env.NO_COLOR);
  // With the exit code of the last picture.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit());
  for (;;) {
    const state = await readState(operations);
    process.exitCode = exitCodeOf(state);
    if (json) printJson(toJson(state));
    else
      print(
        `${isTerminal ? CLEAR : ''}${pictureOf(operations.configuration, state, new Date(), paint)}${isTerminal ? '' : '\n'}`,
      );
    await delay(seconds * 1000);
  }
}

function exitCodeOf(state: PipelineState): number {
  const codes = Object.values(state).flatMap((part: Part<unknown>) =>
    'error' in part ? explain(part.error).code : [],
  );
  if (standsStill(state) || codes.some((code) => code !== EXIT.temporary)) return EXIT.failed;
  return codes.length > 0 ? EXIT.temporary : EXIT.done;
}

function toJson(state: PipelineState): unknown {
  const told = Object.entries(state).map(([name, part]: [string, Part<unknown>]) => {
    if (!('error' in part)) return [name, part];
    const { message, code } = explain(part.error);
    return [name, { error: message, code }];
  });
  const { historyLost } = state;
  const lost = 'value' in historyLost ? { historyLost: { value: messagesOf(historyLost.value) } } : {};
  return { ...Object.fromEntries(told), ...lost };
}

const messagesOf = (lost: ReadonlyMap<string, Error>) =>
  Object.fromEntries([...lost].map(([name, { message }]) => [name, message]));

function show(state: PipelineState): void {
  const told = new Set<string>();
  /** Shows an answer, or why there is none; most parts ask the same server. */
  const tell = <T>(name: string, part: Part<T>, showValue: (value: T) => void) => {
    if ('value' in part) return showValue(part.value);
    const { message } = explain(part.error);
    print(told.has(message) ? `${name}: the same` : `${name}: ${message}`);
    told.add(message);
  };
  tell('daemons', state.daemons, ({ states }) => {
    if (states.length > 0) print(`daemons: ${states.length} (${states.join(', ')})`);
  });
  tell('histories', state.historyLost, () => {});
  tell('copies', state.held, () => {});
  tell('connectors', state.connectors, (all) => {
    for (const { name, status } of all) print(`connector ${name}: ${stateOfConnector(status)}`);
  });
  for (const { problem, remedy, isNote } of troublesIn(state))
    print(`${isNote ? 'note' : 'trouble'}: ${problem}${remedy && `\n  ${remedy}`}`);
  print('');
  tell('offsets', state.progress, (all) =>
    printTable(
      ['TOPIC', 'PARTITION', 'CURRENT-OFFSET', 'LOG-END-OFFSET', 'LAG'],
      all.map((p) => [p.topic, p.partition, p.nextOffset, p.endOffset, p.lag]),
    ),
  );
  print('');
  tell('keys', state.keys, (all) =>
    printTable(
      ['SOURCE', 'PENDING', 'PARKED', 'DUE', 'INCOMPLETE'],
      Object.entries(all).map(([source, n]) => [source, n.pending, n.parked, n.due, n.incomplete ?? '?']),
    ),
  );
  print('');
  tell('rounds', state.rounds, (all) => {
    for (const [source, report] of Object.entries(all)) print(`${source}: ${describe(report)}`);
  });
  tell('what is behind', state.behind, () => {});
  tell('streams', state.distrusted, () => {});
  tell('dead letters', state.deadLetters, () => {});
}

function describe(report: RoundReport): string {
  const { lastEndedAt, lastDurationMs, lastRowCount, lastCorrectedKeys, leg, isAsked } = report;
  const last =
    lastEndedAt === undefined
      ? 'no round has ended yet'
      : `last round ended ${lastEndedAt} UTC, took ${(lastDurationMs / 1000).toFixed(1)} s, ${lastRowCount} rows, ${lastCorrectedKeys} keys corrected`;
  const asked = isAsked ? '; one is asked for, and has not begun' : '';
  const paused = report.pausedSince === undefined ? '' : `; rounds are paused since ${report.pausedSince} UTC`;
  return last + (leg === undefined ? asked + paused : `; under way: ${leg}, ${describeRound(report)}`);
}
