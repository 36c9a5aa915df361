import type { Configuration } from '@friend-sync/connectors';
import { troublesOf } from '../../../domain/trouble.ts';
import { historyLost, type SyncError } from '../../../errors.ts';
import type { Database } from '../../../infrastructure/mysql/server/database.ts';
import { areTablesNewer } from '../../../infrastructure/mysql/state/pending-migrations.ts';
import type { Store } from '../../../infrastructure/mysql/store.ts';
import { type Finding, failureOf } from './findings.ts';

export interface StoreParts {
  readonly configuration: Configuration;
  /** Undefined: it cannot be reached. */
  readonly source: Database | undefined;
  readonly target: Database;
  /** What was opened, or why it could not be. */
  readonly store: Store | SyncError;
}

/** Our own tables, and what daemons and looks have written there of how they fare. */
export async function lookAtStore({ configuration, source, target, store }: StoreParts): Promise<Finding[]> {
  const { stateDatabase } = configuration.settings.target;
  const part = `friend database, our tables in ${stateDatabase}`;
  if (await areTablesNewer(target, stateDatabase))
    return [
      {
        severity: 'error',
        part,
        what: 'a later version of friend-sync than this one has migrated them',
        why: 'this version does not know what they hold',
        mend: 'install that version here, and restart the daemons that are older',
      },
    ];
  if (store instanceof Error) {
    const failure = failureOf(part, store, 'no daemon starts, or it leaves out what is not made');
    // Where the server has refused nothing, something is not made.
    const isUnmade = store.kind === 'store_misconfigured' && store.cause === undefined;
    return [isUnmade ? { ...failure, fix: { kind: 'migrate' } } : failure];
  }
  return [
    ...(source ? await findUnmigrated(configuration, source, target, part) : []),
    ...(await findLost(configuration, store)),
    ...(await findDaemons(configuration, store)),
    ...(await findPause(store)),
  ];
}

async function findUnmigrated(
  configuration: Configuration,
  source: Database,
  target: Database,
  part: string,
): Promise<Finding[]> {
  const { planMigration } = await import('../../../infrastructure/mysql/state/migrate.ts');
  // What cannot be mirrored at all is told of its table.
  const plan = await planMigration(configuration, source, target).catch((error) => {
    if (error.kind !== 'contract_broken') throw error;
  });
  const [first] = plan?.mirrors ?? [];
  if (first === undefined) return [];
  const why = 'a value that the mirror cannot hold is refused, and its key waits';
  const what = `the mirrors are behind the tables of the sources: ${first.replaceAll(/\s+/g, ' ')}`;
  return [{ severity: 'warning', part, what, why, mend: 'friend-sync migrate --execute', fix: { kind: 'migrate' } }];
}

async function findLost({ mapping }: Configuration, { database, serverState }: Store): Promise<Finding[]> {
  const lost = mapping.sources.map(async ({ name }) => {
    const reason = (await serverState.read(database, name))?.lost?.reason;
    const why = 'nothing is stored of it until a new epoch begins';
    return reason === undefined ? [] : [failureOf(`source ${name}`, historyLost(name, reason), why)];
  });
  return (await Promise.all(lost)).flat();
}

async function findDaemons({ settings }: Configuration, { database, daemons }: Store): Promise<Finding[]> {
  const running = await daemons.running(database);
  const part = 'daemons';
  if (running.length === 0)
    return [
      {
        severity: 'note',
        part,
        what: 'none runs',
        why: 'nothing is read or applied',
        mend: 'friend-sync start',
        fix: { kind: 'daemons' },
      },
    ];
  const findings: Finding[] = [];
  if (running.includes(undefined))
    findings.push({
      severity: 'warning',
      part,
      what: 'one of an older version runs, which does not say how it fares',
      why: 'what it does not know of our tables it does not keep',
      mend: 'restart it with this version',
    });
  const states = running.flatMap((one) => one?.state ?? []);
  if (states.length > 0 && !states.includes('consuming'))
    findings.push({
      severity: 'warning',
      part: `Kafka, consumer group ${settings.kafka.groupId}`,
      what: `no daemon reads the topics: ${states.join(', ')}`,
      why: 'changes wait',
      mend: 'where it lasts, look at what friend-sync status says',
    });
  for (const { part: where, problem, hint, directive, isNote } of troublesOf(running))
    findings.push({
      severity: isNote ? 'note' : directive === 'halt' ? 'error' : 'warning',
      part: `daemon, ${where}`,
      what: problem,
      why: isNote ? 'it is to be looked at; the copies are right' : 'a daemon says so: this part does not go on',
      mend: hint,
      fix: { kind: 'daemons' },
    });
  return findings;
}

async function findPause({ database, pause }: Store): Promise<Finding[]> {
  const since = await pause.since(database);
  if (since === undefined) return [];
  const why = 'changes are stored, and no copy is written';
  const what = `somebody has paused it at ${since} UTC`;
  return [{ severity: 'warning', part: 'fan-out', what, why, mend: 'friend-sync resume' }];
}
