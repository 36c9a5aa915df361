import type { Settings } from '@friend-sync/connectors';
import { SyncError } from '../../errors.ts';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import type { Logger } from '../../log.ts';
import type { Metrics } from '../../metrics.ts';
import type { Health } from '../supervise/health.ts';
import type { Perseverance } from '../supervise/perseverance.ts';
import { repeat } from '../supervise/repeat.ts';
import type { ReadEvents } from './read-events.ts';
import type { ReadParts } from './read-parts.ts';
import { completeRound } from './round.ts';
import { LEASE_SECONDS, type RoundOptions } from './round-course.ts';
import type { Settler } from './settler.ts';

const LOOK_EVERY_MS = 1_000;
/** A table that has lost all its rows is told of within so many looks. */
const LOOKS_FOR_ROWS = 3;

export interface RoundsOptions {
  readonly parts: ReadParts;
  /** Where rows are read: the user server, or a replica of it. */
  readonly readFrom: Database;
  readonly settler: Settler;
  readonly events: ReadEvents;
  readonly settings: Pick<Settings, 'reads' | 'patrol'>;
  readonly perseverance: Perseverance;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly onDrift: RoundOptions['onDrift'];
}

/**
 * Has rounds of a source run when they are due, one instance at a time, until it is disposed: the first one by itself,
 * those that somebody asks for, and the patrol's.
 */
export function startRounds(options: RoundsOptions): AsyncDisposable {
  const { parts, settings, perseverance, health, log } = options;
  const { store, source } = parts;
  const { name, table } = source.schema.mapping;
  const stopping = new AbortController();
  const { signal } = stopping;
  const run = <T>(work: () => Promise<T>) => perseverance.run(`round of ${name}`, signal, work);

  const onBehind = (step: string | undefined) => {
    const part = `patrol of ${name}`;
    if (step === undefined) health.clear(part);
    else
      health.note(
        part,
        new SyncError('pipeline_stuck', `what differs is looked at once ingest has caught up: ${step}`),
      );
  };

  const onUnswept = (copy: string, { kind, message: problem, policy }: SyncError) =>
    log.error({ source: name, copy, kind, problem, hint: policy.hint }, 'copies cannot be compared');

  let looks = 0;

  async function look(): Promise<void> {
    const round = await run(() => store.database.transaction('rounds', (tx) => source.round.take(tx, LEASE_SECONDS)));
    if (!round) return;
    log.info({ source: name, isAsked: round.isAsked, place: round.place?.leg }, 'a round begins');
    // A first load corrects nothing: what it has done is to fill copies. Those of each copy mapping count, since it was taken up here.
    let markedKeys = 0;
    const onDrift: RoundOptions['onDrift'] = (drifted, marked) => {
      markedKeys += marked;
      options.onDrift(drifted, marked);
    };
    try {
      const rowsPerSecond = round.isAsked ? settings.reads.rowsPerSecond : settings.patrol.rowsPerSecond;
      const course = { ...options, rowsPerSecond, run, signal, onBehind, onUnswept, onDrift };
      const outcome = await completeRound(round, course);
      if (!outcome) return;
      await run(() => source.round.end(store.database, round.token, outcome, settings.patrol.intervalSeconds));
      log.info({ source: name, ...outcome, markedKeys }, 'a round has ended');
    } catch (error) {
      await source.round.leave(store.database, round.token, 0).catch(() => {});
      throw error;
    }
  }

  /** A table that has just lost all its rows is told of before the next round is due, and while one is under way. */
  async function tell(): Promise<void> {
    const report = await source.round.report(store.database);
    options.metrics.roundAge.set({ source: name }, report.lastAgeSeconds ?? -1);
    const part = `rows of ${name}`;
    if (report.goneKeys > 0) {
      const problem = `${report.goneKeys} rows of ${table.database}.${table.table} are gone that no message told of; their copies are left as they are`;
      health.report(part, new SyncError('rows_gone', problem));
      return;
    }
    health.clear(part);
    if (report.lastRowCount === 0 || looks++ % LOOKS_FOR_ROWS !== 0) return;
    const isEmpty = await source.rows.isEmpty(parts.database);
    if (!isEmpty) return;
    const live = await source.mirror.liveKeysAfter(store.database, undefined, 1);
    if (live.length > 0) await source.round.hasten(store.database);
  }

  // What they throw is that they are being stopped: everything else is persevered through and told, a bug as well.
  const watches = [
    repeat(LOOK_EVERY_MS, () => run(look).catch(() => {})),
    repeat(LOOK_EVERY_MS, () => perseverance.run(`rows at the source of ${name}`, signal, tell).catch(() => {})),
  ];
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      for (const watch of watches) await watch[Symbol.asyncDispose]();
    },
  };
}
