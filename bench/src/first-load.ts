import { type Installation, openInstallation } from '@friend-sync/demo';
import type { RoundReport } from '@friend-sync/sync-service';
import { becomes } from './becomes.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { requireEqualCopies } from './equal-copies.ts';
import { type Figure, figure } from './figures.ts';
import { fillManyUsers } from './many-users.ts';
import { measureMirrorFloor } from './mirror-floor.ts';
import { startSourceUpdates } from './source-updates.ts';

const DEADLINE_MS = 3_600_000;
const FLOORS = 3;

export interface FirstLoadOptions {
  readonly rows: number;
  /** Nothing changes meanwhile. */
  readonly isQuiet?: boolean;
  /** The daemon and Kafka Connect are killed on the way, each once. */
  readonly kills: boolean;
  readonly say: (line: string) => void;
  /** Once every copy is equal. */
  readonly onEqual?: (installation: Installation) => Promise<void>;
}

export interface FirstLoadResult {
  readonly rows: number;
  readonly kills: boolean;
  /** By what the copies hold at the beginning. */
  readonly equal: FirstLoadFigures;
  readonly empty: FirstLoadFigures;
}

export interface FirstLoadFigures {
  readonly copies: number;
  /** What the user service committed meanwhile. */
  readonly updatesPerSecond: number;
  /** From the round's beginning until every row is in the mirror; the rows by that time. */
  readonly mirrorSeconds: number;
  readonly mirrorRowsPerSecond: number;
  /** The same until the round is over, what was committed by then is ingested, and nothing is pending. */
  readonly allSeconds: number;
  readonly allRowsPerSecond: number;
  readonly daemonPeakMegabytes: number;
}

/** How fast a first load of a quiet source fills the mirror, beside reading and INSERTing the same pages and nothing else. */
export async function measureQuietLoad(rows: number, say: (line: string) => void): Promise<Figure[]> {
  const floors: number[] = [];
  const onEqual = async ({ user, friend }: Installation) => {
    for (let n = 0; n < FLOORS; n++) floors.push(await measureMirrorFloor(user, friend));
  };
  const load = await measureLoad('empty', { rows, isQuiet: true, kills: false, say, onEqual });
  const floor = figure('read and INSERTed, and nothing else, rows/s', floors);
  return [
    figure('rows of the source', [rows]),
    figure('the mirror is filled, rows/s', [load.mirrorRowsPerSecond]),
    floor,
    figure('first load over nothing else', [load.mirrorRowsPerSecond / floor.value], { atLeast: 0.6 }),
    figure('every copy is equal, rows/s', [load.allRowsPerSecond]),
  ];
}

/** Measures the first load of a large source that changes meanwhile, and compares every copy in the end. */
export async function measureFirstLoad(options: FirstLoadOptions): Promise<FirstLoadResult> {
  const { rows, kills } = options;
  const [equal, empty] = [await measureLoad('equal', options), await measureLoad('empty', options)];
  return { rows, kills, equal, empty };
}

async function measureLoad(state: 'equal' | 'empty', options: FirstLoadOptions): Promise<FirstLoadFigures> {
  const { rows, isQuiet = false, kills, say, onEqual = async () => {} } = options;
  let copies = 0;
  await using installation = await openInstallation({
    kind: 'bench',
    say,
    fill: async (user, friend) => {
      copies = await fillManyUsers(user, friend, { users: rows, copies: state });
      say(`${rows} users, ${copies} copies, ${state}`);
    },
  });
  const { operations, user } = installation;
  const updates = isQuiet ? undefined : startSourceUpdates(user, rows);
  const begun = roundIs(installation, ({ leg, lastEndedAt }) => leg !== undefined || lastEndedAt !== undefined);
  const daemon = await startDaemon(installation.commandLine);
  const beganAt = await begun;
  say('the first load has begun');
  const disturbed = kills ? disturb(installation, daemon, options) : { daemon, peaks: [] };
  await roundIs(installation, isBehindSource);
  const filledAt = await mirrorHas(installation, rows);
  await roundIs(installation, ({ isAsked }) => !isAsked);
  const { daemon: last, peaks } = await disturbed;
  await using _last = last;
  const updatesPerSecond = (await updates?.stop()) ?? 0;
  await operations.passBarrier(DEADLINE_MS);
  const equalAt = performance.now();
  say('every copy is to be equal; comparing');
  await requireEqualCopies(operations);
  await onEqual(installation);
  const figures = {
    copies,
    updatesPerSecond,
    ...{ mirrorSeconds: seconds(beganAt, filledAt), mirrorRowsPerSecond: rate(rows, beganAt, filledAt) },
    ...{ allSeconds: seconds(beganAt, equalAt), allRowsPerSecond: rate(rows, beganAt, equalAt) },
    daemonPeakMegabytes: Math.max(...peaks, last.peakMegabytes()),
  };
  say(JSON.stringify(figures));
  return figures;
}

const seconds = (from: number, to: number) => Math.round((to - from) / 100) / 10;
const rate = (rows: number, from: number, to: number) => Math.round(rows / ((to - from) / 1_000));

/** Its legs behind the first begin when every row has been read. */
function isBehindSource({ leg, lastEndedAt }: RoundReport): boolean {
  return lastEndedAt !== undefined || (leg !== undefined && leg !== 'source');
}

/** Returns when every row is in the mirror: of those that were read, some may have been left to be read again. */
async function mirrorHas({ friend }: Installation, rows: number): Promise<number> {
  const count = async () => {
    const [mirror] = await friend.rows('counting the mirror', 'SELECT COUNT(*) AS n FROM friend_sync.mirror_user');
    return Number(mirror?.n);
  };
  return (await becomes('every row is in the mirror', count, (n) => n === rows)).at;
}

/** Returns when the round over the users is like this. */
async function roundIs({ operations }: Installation, is: (report: RoundReport) => boolean): Promise<number> {
  const report = async () => (await operations.rounds()).user;
  return (await becomes('the round gets on', report, (user) => user !== undefined && is(user))).at;
}

/** Kills the daemon when a third of the rows is read, Kafka Connect at two thirds, and starts them again. */
async function disturb(
  installation: Installation,
  first: Daemon,
  { rows, say }: FirstLoadOptions,
): Promise<{ daemon: Daemon; peaks: number[] }> {
  const hasRead = (share: number) =>
    roundIs(installation, (report) => report.rowCount >= rows * share || isBehindSource(report));
  await hasRead(1 / 3);
  const peaks = [first.peakMegabytes()];
  await first.kill();
  say('the daemon is killed');
  const daemon = await startDaemon(installation.commandLine);
  await hasRead(2 / 3);
  await installation.stack.stop('connect', 'SIGKILL');
  say('Kafka Connect is killed');
  await installation.stack.start('connect');
  return { daemon, peaks };
}
