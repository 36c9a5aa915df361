import { type Configuration, changeTopic, type SourceMapping, sourceConnectorName } from '@friend-sync/connectors';
import { type Part, type PipelineState, stateOfConnector, troublesIn } from '@friend-sync/sync-service';
import { explain } from './exit.ts';
import { describeRound } from './round.ts';

/** Colours text for a terminal, or leaves it as it is. */
export type Paint = (colour: keyof typeof COLOURS, text: string) => string;

const COLOURS = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

export const painting =
  (isColoured: boolean): Paint =>
  (colour, text) =>
    isColoured ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text;

/** The pipeline, stage by stage and source by source, each server by its name, and what is wrong. */
export function pictureOf(configuration: Configuration, state: PipelineState, at: Date, paint: Paint): string {
  const stages = configuration.mapping.sources.flatMap((source) => [
    '',
    paint('bold', source.name),
    ...stagesOf(configuration, source, state, paint).map(
      ([stage, text]) => `  ${paint('dim', stage.padEnd(12))} ${text}`,
    ),
  ]);
  return [
    `${paint('bold', 'friend-sync')}  ${at.toISOString()}`,
    ...stages,
    ...lateCopies(configuration, state, paint),
    '',
    ...troubles(state, paint),
  ].join('\n');
}

type Stage = readonly [name: string, text: string];

function stagesOf({ settings }: Configuration, source: SourceMapping, state: PipelineState, paint: Paint): Stage[] {
  const { name } = source;
  const topic = changeTopic(settings, source);
  const at = ({ host, port }: { host: string; port: number }) => `${host}:${port}`;
  const table = `${source.table.database}.${source.table.table}`;
  const trust = told(state.distrusted, (all) =>
    all[name] ? paint('yellow', 'its stream is not trusted') : 'its stream is trusted',
  );
  return [
    ['source', `${table} at ${at(settings.source)}: ${trust}`],
    ['↓ connector', `${connector(state, sourceConnectorName(settings, source), paint)} at ${settings.connect.url}`],
    [
      '↓ topic',
      `${topic} at ${settings.kafka.brokers.join(', ')}, schemas at ${settings.registry.url}: ${lag(state, [topic], paint)}, ${letters(state, name)}`,
    ],
    ['↓ daemons', daemons(state, paint)],
    [
      '↓ copies',
      `${[...new Set(source.copies.map((copy) => copy.id))].join(', ')} at ${at(settings.target)}: ${keys(state, name, paint)}`,
    ],
    ['↺ reads', reads(state, name)],
  ];
}

/** What is to be said of an answer. A server that gives none is told below, once. */
function told<T>(part: Part<T>, tell: (value: T) => string): string {
  return 'value' in part ? tell(part.value) : 'not told';
}

function connector({ connectors }: PipelineState, name: string, paint: Paint): string {
  return told(connectors, (all) => {
    const text = stateOfConnector(all.find((one) => one.name === name)?.status);
    return `${name} ${paint(/^RUNNING, tasks RUNNING(, RUNNING)*$/.test(text) ? 'green' : 'red', text)}`;
  });
}

function lag({ progress, waits }: PipelineState, topics: readonly string[], paint: Paint): string {
  return told(progress, (all) => {
    const own = all.filter(({ topic }) => topics.includes(topic));
    const messages = own.reduce((sum, one) => sum + one.lag, 0n);
    if (messages === 0n) return 'nothing to be read';
    const seconds = 'value' in waits ? Math.max(...topics.map((topic) => waits.value[topic] ?? 0)) : 0;
    return paint(
      'yellow',
      `${messages} messages to be read${seconds > 0 ? `, the oldest for ${seconds} s at most` : ''}`,
    );
  });
}

const letters = ({ deadLetters }: PipelineState, name: string) =>
  told(deadLetters, (all) => `${all[name] ?? 0} dead letters`);

function daemons({ daemons: part }: PipelineState, paint: Paint): string {
  return told(part, ({ states, figures: { changesPerSecond, copiesPerSecond, appliedMs }, pausedSince }) => {
    if (states.length === 0) return paint('red', 'none runs');
    const latency = appliedMs ? `, ${appliedMs.p50} ms from commit to copies (p99 ${appliedMs.p99} ms)` : '';
    const paused = pausedSince === undefined ? '' : paint('red', ', fan-out is paused');
    return `${states.length} (${states.join(', ')}): ${changesPerSecond} changes/s, ${copiesPerSecond} copies/s${latency}${paused}`;
  });
}

function keys({ keys: part }: PipelineState, name: string, paint: Paint): string {
  return told(part, (all) => {
    const { pending = 0, parked = 0, due = 0, incomplete, oldestSeconds } = all[name] ?? {};
    const waiting = pending - parked;
    return [
      waiting > 0 && oldestSeconds !== undefined
        ? `${waiting} pending for up to ${oldestSeconds} s`
        : `${waiting} pending`,
      parked > 0 ? paint('red', `${parked} parked`) : '0 parked',
      `${due} due for a read`,
      ...(incomplete === 0 ? [] : [`${incomplete ?? '?'} incomplete`]),
    ].join(', ');
  });
}

function reads({ rounds }: PipelineState, name: string): string {
  return told(rounds, (all) => {
    const report = all[name];
    if (!report) return 'no round yet';
    const { leg, lastAgeSeconds, lastRowCount, lastCorrectedKeys, isAsked } = report;
    const last =
      lastAgeSeconds === undefined
        ? 'no round has ended yet'
        : `last whole round ${lastAgeSeconds} s ago: ${lastRowCount} rows, ${lastCorrectedKeys} keys corrected`;
    const now =
      leg === undefined ? (isAsked ? '; one is asked for' : '') : `; under way: ${leg}, ${describeRound(report)}`;
    return last + now;
  });
}

function lateCopies({ settings }: Configuration, state: PipelineState, paint: Paint): string[] {
  const { enabled, connectorName, topicPrefix } = settings.lateCopies;
  if (!enabled) return [];
  const topics =
    'value' in state.progress
      ? state.progress.value.map(({ topic }) => topic).filter((topic) => topic.startsWith(`${topicPrefix}.`))
      : [];
  return [
    '',
    `${paint('bold', 'late copies')}  ${connector(state, connectorName, paint)}: ${lag(state, topics, paint)}`,
  ];
}

function troubles(state: PipelineState, paint: Paint): string[] {
  const failures = new Set(
    Object.values(state).flatMap((part: Part<unknown>) => ('error' in part ? explain(part.error).message : [])),
  );
  const found = troublesIn(state).map(({ problem, remedy, isNote }) => {
    const mark = isNote ? paint('yellow', 'note') : paint('red', 'trouble');
    return `${mark}: ${problem.replaceAll('\n', ' ')}${remedy && ` — ${remedy}`}`;
  });
  const lines = [
    ...[...failures].map((text) => `${paint('red', 'no answer')}: ${text.replaceAll(/\n\s*/g, ' — ')}`),
    ...found,
  ];
  return lines.length > 0 ? lines : [paint('green', 'nothing is wrong')];
}
