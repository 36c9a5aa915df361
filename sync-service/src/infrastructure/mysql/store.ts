import type { Configuration, SourceMapping } from '@friend-sync/connectors';
import type { SourceSchema } from '../../domain/source-schema.ts';
import { SyncError } from '../../errors.ts';
import { CopyStore } from './copies/copy-store.ts';
import { CopySweep } from './copies/copy-sweep.ts';
import { MappedCopy } from './copies/mapped-copy.ts';
import { checkTarget } from './copies/target-table.ts';
import { WriteThrough } from './copies/write-through.ts';
import { type Database, openDatabase, quoted, type Session } from './server/database.ts';
import { SourceRows } from './server/source-rows.ts';
import { ConsumedStore } from './state/consumed-store.ts';
import { DaemonStore } from './state/daemon-store.ts';
import { DueStore } from './state/due-store.ts';
import { MirrorStore } from './state/mirror-store.ts';
import { readMirrorColumns, toSourceSchema, unmappedColumns } from './state/mirror-table.ts';
import { MissedCopies } from './state/missed-copies.ts';
import { PauseStore } from './state/pause-store.ts';
import { pendingMigrations } from './state/pending-migrations.ts';
import { PendingStore } from './state/pending-store.ts';
import { ReadsStore, readMirrorVersion } from './state/reads-store.ts';
import { RoundStore } from './state/round-store.ts';
import { ServerStateStore } from './state/server-state.ts';

/** Everything the friend server holds of one source. */
export interface SourceStore {
  readonly schema: SourceSchema;
  readonly mirror: MirrorStore;
  readonly pending: PendingStore;
  readonly due: DueStore;
  readonly reads: ReadsStore;
  readonly round: RoundStore;
  /** Of the source itself, on the user server. */
  readonly rows: SourceRows;
  /** Every copy of the mapping, fit or held. */
  readonly mapped: readonly MappedCopy[];
  readonly missed: MissedCopies;
  /** What may be written now. */
  readonly copies: readonly CopyStore[];
  readonly writeThrough: WriteThrough;
  /** For the pass of some keys: the copies that are fit now. What completes a key there marks all others as missed. */
  pass(): Pick<SourceStore, 'copies' | 'pending'>;
}

/** A copy that is neither written nor compared, and why. */
export interface HeldCopy {
  readonly source: string;
  /** The mapping's id of it. */
  readonly copy: string;
  readonly problem: string;
}

/** The friend server, with its tables as they were found when it was opened. */
export interface Store extends AsyncDisposable {
  readonly database: Database;
  /** Tells what is this system's in Kafka and Connect from what is another's. Made by chance, by `migrate`. */
  readonly mark: string;
  readonly consumed: ConsumedStore;
  readonly serverState: ServerStateStore;
  readonly pause: PauseStore;
  readonly daemons: DaemonStore;
  /** By the source's name. */
  readonly sources: ReadonlyMap<string, SourceStore>;
}

/** For the answer to a statement, waits for locks of rows not counted. */
const ANSWER_MS = 30_000;

/** `signal`: see {@link DatabaseOptions.signal}. */
export function openTarget(configuration: Configuration, signal?: AbortSignal): Database {
  const { target, fanOut } = configuration.settings;
  const silenceSeconds = Math.ceil(fanOut.leaseMs / 1000);
  return openDatabase(target, {
    connections: target.connections,
    lockWaitSeconds: fanOut.lockWaitSeconds,
    answerMs: ANSWER_MS + fanOut.lockWaitSeconds * 1000,
    silenceSeconds,
    signal,
  });
}

/** The replicas of the friend server that the brake watches, each on one connection. */
export function openReplicas({ settings: { target, brake } }: Configuration, signal?: AbortSignal): Database[] {
  return brake.replicas.map((address) => {
    const [host = '', port] = address.split(':');
    return openDatabase({ ...target, host, port: Number(port) }, { connections: 1, signal, answerMs: ANSWER_MS });
  });
}

/** The user database: only ever read. */
export function openSourceDatabase({ settings }: Configuration, signal?: AbortSignal): Database {
  return openDatabase(settings.source, readingWith(settings.source.connections, USER_DATABASE, signal));
}

/** A replica of the user database, as the same user. */
export function openReadReplica({ settings }: Configuration, address: string, signal?: AbortSignal): Database {
  const [host = '', port] = address.split(':');
  return openDatabase(
    { ...settings.source, host, port: Number(port) },
    readingWith(settings.source.connections, READ_REPLICA, signal),
  );
}

/** A reader that is frozen holds up an ALTER no longer than the server waits for its next statement. */
const readingWith = (connections: number, sourceName: string, signal: AbortSignal | undefined) => ({
  connections,
  sourceName,
  signal,
  answerMs: ANSWER_MS,
  silenceSeconds: 5,
  readsOnly: true,
});

const UNMADE =
  'its mirror is missing or lacks a column; run friend-sync migrate --execute; a daemon that has read an older file must be restarted';

/** How operators know the servers. */
export const FRIEND_DATABASE = 'the friend database';
export const USER_DATABASE = 'the user database';
export const READ_REPLICA = 'the replica that source.reads names';

/**
 * Reads the tables the mapping names and builds the SQL for them. A copy whose table does not fit the mapping is held. Throws
 * `store_misconfigured`, all problems at once with their remedies, where tables of our own are not what they must be.
 */
export async function openStore(configuration: Configuration, database: Database): Promise<Store> {
  const { stateDatabase } = configuration.settings.target;
  if ((await pendingMigrations(database, stateDatabase)).length > 0) {
    const problem = `the tables in ${stateDatabase} are missing or those of an older version; run friend-sync migrate --execute`;
    throw new SyncError('store_misconfigured', problem);
  }
  const problems: string[] = [];
  const sources = new Map<string, SourceStore>();
  const consumed = new ConsumedStore(stateDatabase);
  for (const mapping of configuration.mapping.sources) {
    const source = await openSource(configuration, database, consumed, mapping);
    if (typeof source === 'string') problems.push(source);
    else sources.set(mapping.name, source);
  }
  if (problems.length) throw new SyncError('store_misconfigured', problems.join('\n'));
  const [row] = await database.rows('reading the mark', `SELECT mark FROM ${quoted(stateDatabase, 'system_mark')}`);
  const serverState = new ServerStateStore(stateDatabase);
  const pause = new PauseStore(stateDatabase);
  const daemons = new DaemonStore(stateDatabase);
  return {
    database,
    mark: String(row?.mark),
    consumed,
    serverState,
    pause,
    daemons,
    sources,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

/** Has the copies of every source swept soon, at the patrol's pace. */
export async function requestRounds({ sources }: Pick<Store, 'sources'>, session: Session): Promise<void> {
  for (const { round } of sources.values()) await round.hasten(session, 'copies missed');
}

/** By name the sources whose mirrors are not made, or lack a column, each with the remedy. */
export async function findUnmade(
  { mapping, settings }: Configuration,
  database: Database,
): Promise<Map<string, string>> {
  const looks = mapping.sources.map(async (one) => {
    const schema = toSourceSchema(one, await readMirrorColumns(database, settings.target.stateDatabase, one.name));
    return schema ? [] : ([[one.name, UNMADE]] as const);
  });
  return new Map((await Promise.all(looks)).flat());
}

/** The copies that are held as their tables stand now. */
export async function findHeld({ database, sources }: Pick<Store, 'database' | 'sources'>): Promise<HeldCopy[]> {
  const every = [...sources].flatMap(([source, { mapped }]) => mapped.map((copy) => ({ source, copy })));
  await Promise.all(every.map(async ({ copy }) => (await copy.look(database))?.adopt()));
  return every
    .filter(({ copy }) => copy.problem)
    .map(({ source, copy: { id, problem } }) => ({ source, copy: id, problem }));
}

async function openSource(
  configuration: Configuration,
  database: Database,
  consumed: ConsumedStore,
  mapping: SourceMapping,
): Promise<SourceStore | string> {
  const { stateDatabase } = configuration.settings.target;
  const version = await readMirrorVersion(database, stateDatabase, mapping.name);
  const existing = await readMirrorColumns(database, stateDatabase, mapping.name);
  const schema = toSourceSchema(mapping, existing);
  if (!schema) return `source ${mapping.name}: ${UNMADE}`;
  const { keyKind } = schema;
  const mirror = new MirrorStore(stateDatabase, schema, unmappedColumns(mapping, existing));
  const missed = new MissedCopies(stateDatabase, mapping.name);
  const reads = new ReadsStore(stateDatabase, mapping.name, version);
  const pendingFor = (onStep?: (tx: Session) => Promise<void>) =>
    new PendingStore(stateDatabase, mapping.name, keyKind, configuration.settings.fanOut.leaseMs, onStep);
  const pending = pendingFor();
  const ours = { mirror: mirror.table, pending: pending.table };
  const mapped = mapping.copies.map(
    (copy) =>
      new MappedCopy(copy, {
        problems: (table) => checkTarget(table, keyKind, existing),
        make: (table) => ({
          store: new CopyStore(mirror.table, table, keyKind, mapping.onDelete),
          sweep: new CopySweep(ours, mapping.name, table, keyKind, mapping.onDelete),
        }),
      }),
  );
  await Promise.all(mapped.map(async (copy) => (await copy.look(database))?.adopt()));
  const fit = () => mapped.flatMap((copy) => copy.fit ?? []);
  return {
    schema,
    mirror,
    pending,
    due: new DueStore(stateDatabase, mapping.name, keyKind),
    reads,
    round: new RoundStore(stateDatabase, mapping.name),
    rows: new SourceRows(schema),
    mapped,
    missed,
    get copies() {
      return fit().map(({ store }) => store);
    },
    writeThrough: new WriteThrough(
      consumed,
      mirror,
      reads,
      () => (mapped.every((copy) => copy.fit) ? fit().map(({ store }) => store) : undefined),
      pending,
    ),
    pass() {
      const held = mapped.filter((copy) => !copy.fit).map(({ id }) => id);
      return { copies: fit().map(({ store }) => store), pending: pendingFor((tx) => missed.mark(tx, held)) };
    },
  };
}
