import type { Configuration, ConnectClient } from '@friend-sync/connectors';
import { SyncError, toSyncError } from '../../../errors.ts';
import type { KafkaAdmin } from '../../../infrastructure/kafka/admin.ts';
import { requireRegistry } from '../../../infrastructure/kafka/registry-probe.ts';
import type { Database } from '../../../infrastructure/mysql/server/database.ts';
import { openStore } from '../../../infrastructure/mysql/store.ts';
import { inTime } from '../../../within.ts';
import { readDefinitions } from '../definitions.ts';
import { type OwnNamesParts, requireOwnNames } from '../own-names.ts';
import { grantsOf } from '../rights.ts';
import { lookAtCluster, lookAtConnectors, lookAtFormer } from './connect.ts';
import { type Finding, failureOf, SEVERITIES } from './findings.ts';
import { lookAtRights } from './rights.ts';
import { lookAtIdentities, lookAtServer, type Server } from './servers.ts';
import { lookAtStore } from './store.ts';
import { lookAtTables } from './tables.ts';
import { lookAtHistories, lookAtTopics } from './topics.ts';

export interface DoctorParts {
  readonly configuration: Configuration;
  readonly source: Database;
  readonly target: Database;
  /** Replicas that are read or watched, by what they are called. */
  readonly replicas: ReadonlyMap<string, Database>;
  readonly admin: KafkaAdmin;
  readonly connect: ConnectClient;
}

/** What can be asked. */
interface Reachable {
  readonly user: Server | undefined;
  readonly friend: Server | undefined;
  readonly admin: KafkaAdmin | undefined;
  readonly connect: ConnectClient | undefined;
}

/** What is looked at by itself; undefined where a server that it needs cannot be reached. */
type Area = readonly [name: string, look: (() => Promise<Finding[]>) | undefined];

/** Longer than any question takes to fail. */
const ANSWER_MS = 90_000;

/** All that is wrong, or may be, errors first. Each area is looked at whatever has become of the others; nothing is changed. */
export async function examine(parts: DoctorParts): Promise<Finding[]> {
  const { away, reachable } = await reach(parts);
  const areas = await areasOf(parts.configuration, reachable);
  const found = await Promise.all(areas.map(lookSafely));
  return [...away, ...found.flat()].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

async function lookSafely([name, look]: Area): Promise<Finding[]> {
  try {
    return look ? await answered(look()) : [];
  } catch (error) {
    return [failureOf(name, error, 'not all of it was looked at')];
  }
}

function answered<T>(answer: Promise<T>): Promise<T> {
  const problem = `no answer within ${ANSWER_MS / 1000} s`;
  return inTime(ANSWER_MS, answer, () => new SyncError('pipeline_stuck', problem));
}

/** One finding for each server that does not answer; what needs it is left out. */
async function reach(parts: DoctorParts): Promise<{ away: Finding[]; reachable: Reachable }> {
  const { configuration, source, target, admin, connect } = parts;
  const { settings } = configuration;
  const at = ({ host, port }: { host: string; port: number }) => `${host}:${port}`;
  // In the order of the questions.
  const away: (Finding | undefined)[] = [];
  const ask = async <T>(name: string, part: T, question: () => Promise<unknown>): Promise<T | undefined> => {
    const place = away.push(undefined) - 1;
    try {
      await answered(question());
      return part;
    } catch (error) {
      away[place] = failureOf(name, error, 'what needs it was not looked at');
      return undefined;
    }
  };
  const server = (database: Database, name: string, isTailed: boolean, isWritten: boolean) =>
    ask(name, { database, name, isTailed, isWritten }, () => database.rows('asking whether it answers', 'SELECT 1'));
  const [user, friend, kafka, worker] = await Promise.all([
    server(source, `user database ${at(settings.source)}`, true, false),
    server(target, `friend database ${at(settings.target)}`, settings.lateCopies.enabled, true),
    ask(`Kafka at ${settings.kafka.brokers.join(', ')}`, admin, () => admin.clusterId()),
    ask(`Kafka Connect at ${settings.connect.url}`, connect, () => connect.names()),
    ask(`schema registry at ${settings.registry.url}`, undefined, () => requireRegistry(settings.registry)),
    ...[...parts.replicas].map(([name, database]) => server(database, name, false, false)),
  ]);
  return { away: away.filter((one) => one !== undefined), reachable: { user, friend, admin: kafka, connect: worker } };
}

async function areasOf(configuration: Configuration, { user, friend, admin, connect }: Reachable): Promise<Area[]> {
  const [source, target] = [user?.database, friend?.database];
  const opened = target && (await openStore(configuration, target).catch(toSyncError));
  const store = opened instanceof SyncError ? undefined : opened;
  const definitions = () => readDefinitions(configuration, target);
  const names = store && admin && connect && { configuration, store, admin, connect };
  return [
    ...[user, friend].flatMap((server): Area[] => (server ? [[server.name, () => lookAtServer(server)]] : [])),
    ['both databases', user && friend && (() => lookAtIdentities(user, friend))],
    [user?.name ?? '', user && (() => lookAtRights(user, grantsOf(configuration, 'source')))],
    [friend?.name ?? '', friend && (() => lookAtRights(friend, grantsOf(configuration, 'target')))],
    ...configuration.mapping.sources.map(
      (one): Area => [`source ${one.name}`, () => lookAtTables({ configuration, source, target }, one)],
    ),
    ['our tables', target && opened && (() => lookAtStore({ configuration, source, target, store: opened }))],
    ['topics', admin && (() => lookAtTopics({ configuration, admin, store }))],
    ['connectors', connect && (async () => lookAtConnectors(connect, await definitions()))],
    ['Kafka Connect', connect && admin && (() => lookAtCluster(configuration, connect, admin))],
    [
      'schema histories',
      connect && admin && (async () => lookAtHistories(configuration, admin, connect, await definitions())),
    ],
    ['connectors', store && connect && (() => lookAtFormer({ configuration, connect, store }))],
    ['names', names && (() => lookAtNames(names))],
  ];
}

async function lookAtNames(parts: OwnNamesParts): Promise<Finding[]> {
  try {
    await requireOwnNames(parts);
    return [];
  } catch (error) {
    const { kind, message } = toSyncError(error);
    if (kind !== 'contract_broken') throw error;
    // The last line says what to do.
    const problems = message.split('\n');
    const mend = problems.pop() ?? '';
    const why = 'each system would take what is the other one’s for its own';
    return problems.map((what) => ({ severity: 'error', part: 'names', what, why, mend }));
  }
}
