import type { Fingerprints } from '../../domain/trouble.ts';
import type { MigrationPlan } from '../../infrastructure/mysql/state/migrate.ts';
import type { PlannedConnector } from './apply-connectors.ts';
import type { TopicSetting } from './doctor/findings.ts';

/** What of a running system is not what the configuration says. */
export interface Differences {
  /** GRANT statements that are missing, by the server on which they are to be run. */
  readonly missing: readonly string[];
  /** REVOKE statements, for what is no longer mapped. */
  readonly surplus: readonly string[];
  /** Of our own tables; undefined: what follows cannot be told before the missing grants are there. */
  readonly migration: Pick<MigrationPlan, 'fixed' | 'mirrors'> | undefined;
  /** What keeps copies from being written, each with its remedy. */
  readonly unfit: readonly string[];
  readonly topics: readonly string[];
  readonly connectors: readonly PlannedConnector[];
  /** Connectors of sources that are no longer mapped. */
  readonly former: readonly string[];
  /** By what each daemon that runs works; undefined: one of an older version. */
  readonly daemons: readonly (Fingerprints | undefined)[];
  /** By what they are to work. */
  readonly sources: Fingerprints;
}

export interface PlannedStep {
  /** `grants`, `tables`, `revoke`, `daemons`: somebody with other rights, or at other machines, does it. */
  readonly kind:
    | 'doctor'
    | 'grants'
    | 'migrate'
    | 'tables'
    | 'topics'
    | 'connectors'
    | 'restart'
    | 'daemons'
    | 'delete'
    | 'backfill'
    | 'load'
    | 'verify'
    | 'revoke';
  readonly what: string;
  /** Exactly what is to be typed, or run as SQL. */
  readonly commands: readonly string[];
  readonly details: readonly string[];
  /** The sources or connectors that it is about, where it is not about all. */
  readonly names: readonly string[];
  /** What `topics` sets. */
  readonly settings?: readonly TopicSetting[];
}

/** What is to be done, in this order: each step needs those before it. Empty: there is nothing to do. Pure. */
export function planSteps(found: Differences): PlannedStep[] {
  const steps = [grants(found.missing, found.migration !== undefined)];
  if (found.migration)
    steps.push(
      migrate(found.migration),
      tables(found),
      connectors(found),
      daemons(found),
      deletion(found),
      backfill(found),
      revocation(found),
    );
  return steps.filter((step) => step !== undefined);
}

function step(
  kind: PlannedStep['kind'],
  what: string,
  commands: readonly string[],
  more: Partial<PlannedStep> = {},
): PlannedStep | undefined {
  return commands.length === 0 ? undefined : { kind, what, commands, details: [], names: [], ...more };
}

/** Undefined: none is missing. `isAll`: what follows is told as well. */
export function grants(missing: readonly string[], isAll: boolean): PlannedStep | undefined {
  const then = isAll ? [] : ['what follows can be told once they are there'];
  const misspelt = 'a column that the configuration misspells looks the same: compare the names first';
  const what = 'rights that are missing, to be given by an administrator';
  return step('grants', what, missing, { details: missing.length > 0 ? [misspelt, ...then] : [] });
}

function migrate({ fixed, mirrors }: NonNullable<Differences['migration']>) {
  const own =
    fixed.length > 0 ? [`${fixed.length} statements for what every source has; friend-sync migrate shows them`] : [];
  const commands = fixed.length + mirrors.length > 0 ? ['friend-sync migrate --execute'] : [];
  return step('migrate', 'our own tables', commands, { details: [...own, ...mirrors] });
}

/** A table that may not be read passes for one that is missing. */
function tables({ unfit, missing }: Differences) {
  if (missing.length > 0) return undefined;
  return step('tables', 'target tables that do not fit; such copies are held, and all others written', unfit);
}

function connectors({ connectors: planned, topics }: Differences) {
  const changing = planned.filter(({ outcome }) => outcome !== 'unchanged');
  const details = [
    ...topics.map((topic) => `topic ${topic}: created`),
    ...changing.flatMap(({ name, outcome, changes }) => [
      `connector ${name}: ${outcome}`,
      ...(outcome === 'created' ? [] : changes.map((one) => `  ${one.name}: ${one.from ?? '-'} -> ${one.to ?? '-'}`)),
    ]),
  ];
  const commands = details.length > 0 ? ['friend-sync connectors apply'] : [];
  return step('connectors', 'topics and connectors', commands, { details });
}

function daemons({ daemons: running, sources }: Differences) {
  const command = ['friend-sync start'];
  if (running.length === 0) return step('daemons', 'no daemon runs: start one', command);
  const outdated = running.filter((daemon) => !isSame(daemon, sources)).length;
  const added = Object.keys(sources).filter((name) => running.every((daemon) => daemon && !(name in daemon)));
  const details = added.map((name) => `reads every row of ${name} by itself`);
  const what = `daemons that use another mapping: ${outdated} of ${running.length}; restart them`;
  return step('daemons', what, outdated > 0 ? command : [], { details });
}

function deletion({ former }: Differences) {
  const commands = former.map((name) => `friend-sync connectors delete ${name} --execute`);
  return step('delete', 'connectors of sources that are no longer mapped', commands, { names: former });
}

/** A source that is new to every daemon is loaded by itself. */
function backfill({ daemons: running, sources }: Differences) {
  const names = Object.entries(sources)
    .filter(([name, fingerprint]) =>
      running.some((daemon) => daemon?.[name] !== undefined && daemon[name] !== fingerprint),
    )
    .map(([name]) => name);
  const commands = names.length > 0 ? [`friend-sync backfill --all --source ${names.join(' ')} --wait`] : [];
  return step('backfill', 'what was added to these sources is filled by their next round; at once:', commands, {
    names,
  });
}

function revocation({ surplus }: Differences) {
  return step('revoke', 'rights that are no longer needed, to be taken by an administrator', surplus);
}

/** Whether a daemon works by this mapping. */
export function isSame(daemon: Fingerprints | undefined, sources: Fingerprints): boolean {
  const names = Object.keys(sources);
  return (
    daemon !== undefined &&
    Object.keys(daemon).length === names.length &&
    names.every((name) => daemon[name] === sources[name])
  );
}
