import type { Configuration, SourceMapping } from '@friend-sync/connectors';
import type { SourceSchema } from '../../domain/source-schema.ts';
import { SyncError } from '../../errors.ts';
import { ConsumedStore } from './consumed-store.ts';
import { CopyStore } from './copy-store.ts';
import { CopySweep } from './copy-sweep.ts';
import { DaemonStore } from './daemon-store.ts';
import { type Database, openDatabase, quoted, type Session } from './database.ts';
import { DueStore } from './due-store.ts';
import { pendingMigrations } from './migrate.ts';
import { MirrorStore } from './mirror-store.ts';
import { readMirrorColumns, toSourceSchema, unmappedColumns } from './mirror-table.ts';
import { PauseStore } from './pause-store.ts';
import { PendingStore } from './pending-store.ts';
import { ReadsStore } from './reads-store.ts';
import { RoundStore } from './round-store.ts';
import { ServerStateStore } from './server-state.ts';
import { SourceRows } from './source-rows.ts';
import { checkTarget, noteTarget, readTargetTable } from './target-table.ts';
import { WriteThrough } from './write-through.ts';

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
  readonly copies: readonly CopyStore[];
  readonly writeThrough: WriteThrough;
  /** Of the same target tables, in the same order. */
  readonly sweeps: readonly CopySweep[];
  readonly notes: readonly string[];
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
  /** What is allowed and may surprise in the target tables. */
  readonly notes: readonly string[];
  /** By the source's name. */
  readonly sources: ReadonlyMap<string, SourceStore>;
}

/** `signal`: see {@link DatabaseOptions.signal}. */
export function openTarget(configuration: Configuration, signal?: AbortSignal): Database {
  const { target, fanOut } = configuration.settings;
  const silenceSeconds = Math.ceil(fanOut.leaseMs / 1000);
  return openDatabase(target, {
    connections: target.connections,
    lockWaitSeconds: fanOut.lockWaitSeconds,
    silenceSeconds,
    signal,
  });
}

/** The replicas of the friend server that the brake watches, each on one connection. */
export function openReplicas({ settings: { target, brake } }: Configuration, signal: AbortSignal): Database[] {
  return brake.replicas.map((address) => {
    const [host = '', port] = address.split(':');
    return openDatabase({ ...target, host, port: Number(port) }, { connections: 1, signal });
  });
}

/** The user database: only ever read. */
export function openSourceDatabase({ settings }: Configuration, signal?: AbortSignal): Database {
  return openDatabase(settings.source, readingWith(settings.source.connections, USER_DATABASE, signal));
}

/** A replica of the user database, as the same user. */
export function openReadReplica({ settings }: Configuration, address: string, signal: AbortSignal): Database {
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
  silenceSeconds: 5,
  readsOnly: true,
});

/** How operators know the servers that are only read. */
export const USER_DATABASE = 'the user database';
export const READ_REPLICA = 'the replica that source.reads names';

/**
 * Reads the tables the mapping names and builds the SQL for them. Throws `store_misconfigured`, all problems at once
 * with their remedies, where the tables do not fit the mapping.
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
    if (Array.isArray(source)) problems.push(...source);
    else sources.set(mapping.name, source);
  }
  if (problems.length) throw new SyncError('store_misconfigured', problems.join('\n'));
  const [row] = await database.rows('reading the mark', `SELECT mark FROM ${quoted(stateDatabase, 'system_mark')}`);
  const serverState = new ServerStateStore(stateDatabase);
  const pause = new PauseStore(stateDatabase);
  const daemons = new DaemonStore(stateDatabase);
  const notes = [...sources.values()].flatMap((source) => source.notes);
  return {
    database,
    mark: String(row?.mark),
    consumed,
    serverState,
    pause,
    daemons,
    notes,
    sources,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

/** Has the copies of every source swept soon, at the patrol's pace. */
export async function requestRounds({ sources }: Pick<Store, 'sources'>, session: Session): Promise<void> {
  for (const { round } of sources.values()) await round.hasten(session, 'copies missed');
}

async function openSource(
  configuration: Configuration,
  database: Database,
  consumed: ConsumedStore,
  mapping: SourceMapping,
): Promise<SourceStore | string[]> {
  const { target, fanOut } = configuration.settings;
  const existing = await readMirrorColumns(database, target.stateDatabase, mapping.name);
  const schema = toSourceSchema(mapping, existing);
  const problems = schema
    ? []
    : [`source ${mapping.name}: its mirror is missing or lacks a column; run friend-sync migrate --execute`];
  const tables = await Promise.all(mapping.copies.map((copy) => readTargetTable(database, copy)));
  problems.push(...tables.flatMap((table) => checkTarget(table, schema?.keyKind, existing)));
  if (!schema || problems.length) return problems;
  const mirror = new MirrorStore(target.stateDatabase, schema, unmappedColumns(mapping, existing));
  const pending = new PendingStore(target.stateDatabase, mapping.name, schema.keyKind, fanOut.leaseMs);
  const ours = { mirror: mirror.table, pending: pending.table };
  const copies = tables.map((table) => new CopyStore(mirror.table, table, schema.keyKind, mapping.onDelete));
  return {
    schema,
    mirror,
    pending,
    due: new DueStore(target.stateDatabase, mapping.name, schema.keyKind),
    reads: new ReadsStore(target.stateDatabase, mapping.name),
    round: new RoundStore(target.stateDatabase, mapping.name),
    rows: new SourceRows(schema),
    notes: tables.flatMap(noteTarget),
    copies,
    writeThrough: new WriteThrough(consumed, mirror, pending, copies),
    sweeps: tables.map((table) => new CopySweep(ours, mapping.name, table, schema.keyKind, mapping.onDelete)),
  };
}
