import { setTimeout as delay } from 'node:timers/promises';
import { openInstallation } from '@friend-sync/demo';
import { NO_PATROL, PROBATION_MS, startDaemon } from './daemon.ts';
import { fillManyUsers } from './many-users.ts';
import { startSourceUpdates } from './source-updates.ts';
import { countStatements, type StatementRates } from './statements.ts';

const DEADLINE_MS = 3_600_000;
/** Long enough for what is done once a minute, twice. */
const WINDOW_MS = 120_000;

export interface SourceCostResult {
  readonly rows: number;
  /** What friend-sync asks of the user server a second, the connector included. */
  readonly idle: StatementRates;
  readonly updates: StatementRates & { readonly updatesPerSecond: number };
  /** While every row is read, as fast as it goes and on a quiet table. */
  readonly round: StatementRates & { readonly seconds: number };
}

/** Counts the statements on the user server while nothing happens, while users change, and while every row is read. */
export async function measureSourceCost(rows: number, say: (line: string) => void): Promise<SourceCostResult> {
  await using installation = await openInstallation({
    kind: 'bench',
    say,
    performanceSchema: true,
    fill: async (user, friend) => void (await fillManyUsers(user, friend, { users: rows, copies: 'equal' })),
  });
  const { configuration, operations, user } = installation;
  const { sources } = configuration.mapping;
  await using _daemon = await startDaemon(installation.commandLine, NO_PATROL);
  await operations.backfill(sources, DEADLINE_MS);
  await operations.passBarrier(DEADLINE_MS);
  const warmUp = startSourceUpdates(user, rows);
  await delay(PROBATION_MS);
  await warmUp.stop();
  await operations.passBarrier(DEADLINE_MS);

  const { during } = await countStatements(user, configuration.settings.source.user);
  const idle = await during(() => delay(WINDOW_MS));
  say(`idle: ${idle.all} statements/s`);
  const updates = startSourceUpdates(user, rows);
  const whileUpdated = await during(() => delay(WINDOW_MS));
  const updatesPerSecond = await updates.stop();
  say(`${updatesPerSecond} updates/s: ${whileUpdated.all} statements/s`);
  await operations.passBarrier(DEADLINE_MS);
  const began = performance.now();
  const round = await during(() => operations.backfill(sources, DEADLINE_MS));
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const updated = { updatesPerSecond, ...whileUpdated };
  const result = { rows, idle, updates: updated, round: { seconds, ...round } };
  table(result).forEach(say);
  return result;
}

/** The same for documents. */
function table({ idle, updates, round }: SourceCostResult): string[] {
  const columns = [idle, updates, round];
  const purposes = new Set(columns.flatMap(({ byPurpose }) => Object.keys(byPurpose)));
  const line = (cells: readonly unknown[]) => `| ${cells.join(' | ')} |`;
  return [
    line(['Statements a second at the user server', 'idle', `${updates.updatesPerSecond} updates/s`, 'round']),
    '|---|---|---|---|',
    line(['all', ...columns.map(({ all }) => all)]),
    ...[...purposes].map((purpose) => line([purpose, ...columns.map(({ byPurpose }) => byPurpose[purpose] ?? 0)])),
  ];
}
