import { type ConnectorStatus, isRunning, remedyOf } from '@friend-sync/connectors';
import type { DaemonsState, Part, PipelineState } from './state.ts';

/** Something to be told in a line. */
export interface Told {
  readonly problem: string;
  /** What the operator does about it. */
  readonly remedy: string;
  /** The copies are right, or will be by themselves. */
  readonly isNote: boolean;
}

/** Keys that are named of each reason for which some are parked. */
const NAMED = 3;

/** What is wrong by the answers that there are; what nobody has answered is told by its part. */
export function troublesIn(state: PipelineState): Told[] {
  return [...hindrances(state), ...notes(state)];
}

const of = <T, R>(one: Part<T>, tell: (value: T) => R[]): R[] => ('value' in one ? tell(one.value) : []);
const trouble = (problem: string, remedy: string): Told => ({ problem, remedy, isNote: false });
const note = (problem: string, remedy: string): Told => ({ problem, remedy, isNote: true });

/** What keeps copies from being right until somebody does something. */
function hindrances({ daemons, connectors, historyLost, held, keys, parked }: PipelineState): Told[] {
  return [
    ...of(daemons, ({ states, troubles, pausedSince }) => [
      ...(states.length === 0 ? [trouble('no daemon runs, so nothing is read or applied', 'friend-sync start')] : []),
      ...troubles.map(({ part: where, problem, hint, isNote }) => ({
        problem: `${where}: ${problem}`,
        remedy: hint,
        isNote,
      })),
      ...(pausedSince === undefined
        ? []
        : [trouble(`fan-out is paused since ${pausedSince} UTC`, 'friend-sync resume')]),
    ]),
    ...of(connectors, (all) =>
      all
        .filter(({ status }) => !isRunning(status))
        .map(({ name, status }) =>
          trouble(
            `connector ${name}: ${stateOfConnector(status)}`,
            remedyOf(status) ?? 'friend-sync connectors status shows why; a daemon restarts it',
          ),
        ),
    ),
    ...of(historyLost, (lost) =>
      [...lost].map(([name, { message, policy }]) =>
        trouble(`source ${name} cannot be followed: ${message}`, policy.hint),
      ),
    ),
    ...of(held, (copies) =>
      copies.map(({ source, copy, problem }) =>
        trouble(`copy ${copy} of ${source} is held: ${problem}`, 'mend its table; what it has missed is written then'),
      ),
    ),
    ...of(keys, (all) =>
      Object.entries(all).flatMap(([source, { reasons }]) =>
        reasons.map(({ reason, keys: count }) =>
          trouble(
            `${source}: ${count} keys are parked${namesOf(parked, source, reason)}: ${reason}`,
            'friend-sync parked list; parked retry once the cause is gone',
          ),
        ),
      ),
    ),
  ];
}

function notes({ rounds, deadLetters, distrusted, behind }: PipelineState): Told[] {
  return [
    ...of(rounds, (all) =>
      Object.entries(all)
        .filter(([, { goneKeys }]) => goneKeys > 0)
        .map(([source, { goneKeys }]) => note(`${source}: ${goneKeys} rows are gone unheard of`, 'friend-sync gone')),
    ),
    ...of(deadLetters, (all) =>
      Object.entries(all)
        .filter(([, count]) => count > 0)
        .map(([source, count]) => note(`${source}: ${count} dead letters`, 'friend-sync dead-letters list')),
    ),
    ...of(distrusted, (all) =>
      Object.entries(all).flatMap(([source, causes]) =>
        causes.map(({ since, reason }) =>
          note(
            `the stream of ${source} is not trusted since ${since} UTC, rows are read instead: ${reason}`,
            `friend-sync epoch new ${source} --execute begins the stream anew`,
          ),
        ),
      ),
    ),
    ...of(behind, (all) =>
      Object.entries(all).map(([source, step]) =>
        note(`${source} is behind, and differences are looked at once it has caught up: ${step}`, ''),
      ),
    ),
  ];
}

export function stateOfConnector(status: ConnectorStatus | undefined): string {
  if (!status) return 'not created';
  return `${status.state}, tasks ${status.tasks.map(({ state }) => state).join(', ') || 'none'}`;
}

function namesOf(parked: PipelineState['parked'], source: string, reason: string): string {
  const keys =
    'value' in parked ? parked.value.parked.filter((one) => one.source === source && one.reason === reason) : [];
  if (keys.length === 0) return '';
  return ` (${keys
    .slice(0, NAMED)
    .map(({ key }) => String(key))
    .join(', ')}${keys.length > NAMED ? ', …' : ''})`;
}

/** By what is known of it, changes do not come or are not applied, or not all of them. */
export function standsStill(state: PipelineState): boolean {
  const { daemons } = state;
  const isReading = ({ states }: DaemonsState) => states.some((one) => one === 'consuming' || one === 'older version');
  return ('value' in daemons && !isReading(daemons.value)) || troublesIn(state).some(({ isNote }) => !isNote);
}
