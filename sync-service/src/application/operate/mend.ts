import type { Finding, Fix, TopicSetting } from './doctor/findings.ts';
import type { PlannedStep } from './planned-steps.ts';

/** The steps that mend what `doctor` has found and that need no decision, in the order in which one needs the other. */
export function mendingSteps(findings: readonly Finding[]): PlannedStep[] {
  const of = (...kinds: Fix['kind'][]) => findings.filter(({ fix }) => fix && kinds.includes(fix.kind));
  const step = (kind: PlannedStep['kind'], what: string, found: readonly Finding[], commands: readonly string[]) =>
    found.length === 0
      ? []
      : [{ kind, what, commands, details: found.map((one) => `${one.part}: ${one.what}`), names: [] }];
  const topics = of('topics');
  const settings = topics.flatMap(({ fix }): TopicSetting[] => (fix?.kind === 'topics' ? [fix.setting] : []));
  const failed = of('restart');
  const names = [...new Set(failed.flatMap(({ fix }) => (fix?.kind === 'restart' ? [fix.connector] : [])))];
  const restarts = names.map((name) => `friend-sync connectors restart ${name}`);
  const changes = topics.map(({ mend }) => mend);
  return [
    ...step('migrate', 'our own tables', of('migrate'), ['friend-sync migrate --execute']),
    ...step('topics', 'settings of topics', topics, changes).map((one) => ({ ...one, settings })),
    ...step('connectors', 'topics and connectors', of('connectors'), ['friend-sync connectors apply']),
    ...step('restart', 'connectors that have failed', failed, restarts).map((one) => ({ ...one, names })),
  ];
}
