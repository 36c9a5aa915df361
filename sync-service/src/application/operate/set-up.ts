import { toSyncError } from '../../errors.ts';
import type { RoundReport } from '../../infrastructure/mysql/state/round-store.ts';
import type { Verification } from '../proof/verify.ts';
import { type OnWait, waiting } from '../proof/wait.ts';
import { type ApplyEvents, applyChanges, type Doing, requireYes } from './apply-changes.ts';
import type { RoundEvents, RoundTicket } from './await-rounds.ts';
import type { Finding } from './doctor/findings.ts';
import { type Administrators, giveRights } from './give-rights.ts';
import { mendingSteps } from './mend.ts';
import { findRights, toldOf } from './missing-rights.ts';
import { grants, type PlannedStep } from './planned-steps.ts';
import type { Servers } from './servers.ts';

/** What a new installation is made by. */
export interface SettingUp extends Doing {
  rounds(): Promise<Record<string, RoundReport>>;
  awaitRounds(tickets: readonly RoundTicket[], deadlineMs: number, events: RoundEvents): Promise<void>;
  verify(deadlineMs: number, onWait: OnWait): Promise<Verification>;
}

/** What is asked again and again, and who may be. */
export interface Looks {
  /** What `doctor` finds. */
  readonly examine: () => Promise<Finding[]>;
  /** What is to be done for the system to be what the configuration says. */
  readonly plan: () => Promise<readonly PlannedStep[]>;
  readonly administrators: Administrators;
}

export interface SetUpEvents extends ApplyEvents {
  /** What is not as it should be and no step mends; told again when it is another. */
  readonly onFindings: (findings: readonly Finding[]) => void;
  readonly onProgress: RoundEvents['onProgress'];
}

export interface SetUp {
  readonly verification: Verification;
  /** The steps that are left to others. */
  readonly left: readonly PlannedStep[];
}

/** What somebody mends meanwhile is looked at so often. */
const LOOK_AGAIN_MS = 2_000;

const DOCTOR = 'servers, rights, tables, topics and connectors are looked at';
const LOAD = 'the first load: every row is read, and its copies made equal';
const VERIFY = 'every copy is compared with its source';

/**
 * Makes a system of what a configuration says, from nothing to verified: what hinders it is told and awaited, what is
 * missing is done, and what is there already is passed over, because each step asks the servers what they lack. So it may
 * be broken off anywhere, and goes on there when it is called again.
 */
export async function setUp(
  doing: SettingUp,
  { examine, plan, administrators }: Looks,
  deadlineMs: number,
  events: SetUpEvents,
): Promise<SetUp> {
  const look = lookWith(examine, deadlineMs, events);
  events.onStep(stepOf('doctor', DOCTOR, 'friend-sync doctor'));
  // Without rights most of it cannot be looked at, or seems to be wrong.
  await look(({ isTemporary }) => isTemporary === true);
  await awaitRights(doing.servers, administrators, deadlineMs, events);
  const findings = await look(() => true);
  const mending = mendingSteps(findings).filter(({ kind }) => kind === 'topics' || kind === 'restart');
  const left = await applyChanges(doing, [...mending, ...(await plan())], deadlineMs, events);
  await load(doing, deadlineMs, events);
  events.onStep(stepOf('verify', VERIFY, 'friend-sync verify'));
  return { left, verification: await doing.verify(deadlineMs, events.onWait) };
}

const stepOf = (kind: PlannedStep['kind'], what: string, command: string): PlannedStep => {
  return { kind, what, commands: [command], details: [], names: [] };
};

/** Each look tells what of this is wrong and was not told before, and returns once there is no error among it. */
function lookWith(examine: Looks['examine'], deadlineMs: number, { onFindings, onWait }: SetUpEvents) {
  const told = new Set<string>();
  return async (isMeant: (finding: Finding) => boolean): Promise<Finding[]> => {
    let findings: Finding[] = [];
    let hindering: Finding[] = [];
    const isPassed = async () => {
      findings = await examine();
      const others = findings.filter((one) => one.severity !== 'note' && one.fix === undefined && isMeant(one));
      const news = others.filter((one) => !told.has(textOf(one)));
      if (news.length > 0) onFindings(news);
      for (const one of news) told.add(textOf(one));
      hindering = others.filter(({ severity }) => severity === 'error');
      return hindering.length === 0;
    };
    const obstacle = async () => `: ${hindering.map(({ part, what }) => `${part}: ${what}`).join('; ')}`;
    const waitUntil = waiting(deadlineMs, { pollMs: LOOK_AGAIN_MS, onWait });
    await waitUntil('what is in the way has not been mended', isPassed, obstacle);
    return findings;
  };
}

const textOf = ({ part, what }: Finding) => `${part}: ${what}`;

/** Returns once no right is missing. Administrators that are named give them once; what is missing then is for somebody who sees the SQL. */
async function awaitRights(
  servers: Servers,
  administrators: Administrators,
  deadlineMs: number,
  events: SetUpEvents,
): Promise<void> {
  let shown = '';
  let mayGive = administrators.source !== undefined || administrators.target !== undefined;
  const areThere = async (): Promise<boolean> => {
    const { missing, isRejected } = await findRights(servers);
    const step = grants(missing.map(toldOf), !isRejected);
    if (!step) return true;
    if (shown !== step.commands.join('\n')) events.onStep(step);
    shown = step.commands.join('\n');
    if (!mayGive) return false;
    mayGive = false;
    await requireYes(step, events);
    const told = await giveRights(servers.configuration.settings, administrators, missing).then(
      () => 'given by the administrators that you have named',
      (error) => `${toSyncError(error).message}; what is missing is for somebody else to give`,
    );
    events.onPart(told);
    return areThere();
  };
  const waitUntil = waiting(deadlineMs, { pollMs: LOOK_AGAIN_MS, onWait: events.onWait });
  await waitUntil('the rights above are missing', areThere);
}

/** Waits for rounds that were asked for and have not ended. */
async function load(doing: SettingUp, deadlineMs: number, events: SetUpEvents): Promise<void> {
  const tickets = Object.entries(await doing.rounds())
    .filter(([, { lastEndedAt, isAsked }]) => lastEndedAt === undefined || isAsked)
    .map(([source, { requests }]) => ({ source, request: requests }));
  if (tickets.length === 0) return;
  events.onStep(stepOf('load', LOAD, 'friend-sync backfill --all --wait'));
  const { onProgress, onWait } = events;
  await doing.awaitRounds(tickets, deadlineMs, { ...(onProgress ? { onProgress } : {}), onWait });
}
