import { setTimeout as delay } from 'node:timers/promises';
import {
  type Configuration,
  type ConnectClient,
  type ConnectorStatus,
  changeTopic,
  connectorNames,
  deadLetterTopic,
} from '@friend-sync/connectors';
import { type Figures, sumFigures } from '../../domain/figures.ts';
import { type Trouble, troublesOf } from '../../domain/trouble.ts';
import { SyncError } from '../../errors.ts';
import type { KafkaAdmin } from '../../infrastructure/kafka/admin.ts';
import type { Distrust } from '../../infrastructure/mysql/state/reads-store.ts';
import type { RoundReport } from '../../infrastructure/mysql/state/round-store.ts';
import type { HeldCopy, Store } from '../../infrastructure/mysql/store.ts';
import { type BarrierResult, readParked } from '../proof/barrier.ts';
import type { KeyCounts } from './count-keys.ts';
import type { PartitionProgress } from './offsets.ts';
import { readWaits } from './waiting-messages.ts';

/** What was asked, or why there is no answer. */
export type Part<T> = { readonly value: T } | { readonly error: unknown };

export interface DaemonsState {
  /** Of each that runs. */
  readonly states: readonly string[];
  /** Of all of them. */
  readonly troubles: readonly Trouble[];
  readonly figures: Figures;
  /** UTC; undefined: fan-out is not paused. */
  readonly pausedSince: string | undefined;
}

/** How every stage of the pipeline stands, each asked by itself; of sources by their names. */
export interface PipelineState {
  readonly daemons: Part<DaemonsState>;
  readonly connectors: Part<readonly { readonly name: string; readonly status: ConnectorStatus | undefined }[]>;
  readonly progress: Part<readonly PartitionProgress[]>;
  /** See {@link readWaits}. */
  readonly waits: Part<Readonly<Record<string, number>>>;
  readonly keys: Part<Readonly<Record<string, KeyCounts>>>;
  readonly parked: Part<Omit<BarrierResult, 'held'>>;
  /** How many messages each source's topic of dead letters holds. */
  readonly deadLetters: Part<Readonly<Record<string, number>>>;
  readonly rounds: Part<Readonly<Record<string, RoundReport>>>;
  readonly behind: Part<Readonly<Record<string, string>>>;
  readonly distrusted: Part<Readonly<Record<string, readonly Distrust[]>>>;
  readonly historyLost: Part<ReadonlyMap<string, SyncError>>;
  readonly held: Part<readonly HeldCopy[]>;
}

/** What answers. */
export interface Asked {
  readonly configuration: Configuration;
  readonly connect: Pick<ConnectClient, 'status'>;
  readonly servers: { readonly admin: Pick<KafkaAdmin, 'partitionOffsets' | 'offsetsAtTimestamp'> };
  progress(): Promise<PartitionProgress[]>;
  keys(): Promise<Record<string, KeyCounts>>;
  rounds(): Promise<Record<string, RoundReport>>;
  behind(): Promise<ReadonlyMap<string, string>>;
  distrusted(): Promise<Record<string, readonly Distrust[]>>;
  historyLost(): Promise<ReadonlyMap<string, SyncError>>;
  held(): Promise<HeldCopy[]>;
  store(): Promise<Store>;
}

/** A server that does not answer hides nothing of the others for longer. */
const ANSWER_MS = 10_000;

export async function readState(asked: Asked): Promise<PipelineState> {
  const { configuration, connect, servers } = asked;
  const names = connectorNames(configuration);
  const offsets = asked.progress();
  const [
    connectors,
    progress,
    waits,
    keys,
    parked,
    deadLetters,
    rounds,
    behind,
    distrusted,
    historyLost,
    daemons,
    held,
  ] = await Promise.all([
    part(Promise.all(names.map(async (name) => ({ name, status: await connect.status(name) })))),
    part(offsets),
    part(offsets.then((found) => readWaits(servers.admin, found))),
    part(asked.keys()),
    part(asked.store().then(readParked)),
    part(countDeadLetters(asked)),
    part(asked.rounds()),
    part(asked.behind().then((found) => Object.fromEntries(found))),
    part(asked.distrusted()),
    part(asked.historyLost()),
    part(asked.store().then(readDaemons)),
    part(asked.held()),
  ]);
  return {
    ...{ daemons, connectors, progress, waits, keys, parked, deadLetters },
    ...{ rounds, behind, distrusted, historyLost, held },
  };
}

async function part<T>(answer: Promise<T>): Promise<Part<T>> {
  const late = { error: new SyncError('pipeline_stuck', `no answer within ${ANSWER_MS / 1000} s`) };
  const known = answer.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  return Promise.race([known, delay(ANSWER_MS, late, { ref: false })]);
}

async function readDaemons({ daemons, pause, database }: Store): Promise<DaemonsState> {
  const running = await daemons.running(database);
  return {
    states: running.map((one) => one?.state ?? 'older version'),
    troubles: troublesOf(running),
    figures: sumFigures(running.map((one) => one?.figures)),
    pausedSince: await pause.since(database),
  };
}

async function countDeadLetters({ configuration, servers }: Asked): Promise<Record<string, number>> {
  const { mapping, settings } = configuration;
  const counts = mapping.sources.map(async (source) => {
    const offsets = await servers.admin.partitionOffsets(deadLetterTopic(changeTopic(settings, source)));
    return [source.name, offsets.reduce((sum, { low, high }) => sum + Number(high - low), 0)] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
}
