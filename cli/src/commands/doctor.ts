import {
  applyChanges,
  createLogger,
  type Finding,
  mendingSteps,
  type Operations,
  runDoctor,
  SEVERITIES,
} from '@friend-sync/sync-service';
import type { Command } from 'commander';
import { type Load, withOperations } from '../context.ts';
import { EXIT } from '../exit.ts';
import { print, printJson, talk, tellWait } from '../output.ts';
import { asking, showSteps } from '../steps.ts';

interface DoctorOptions {
  readonly fix?: boolean;
  readonly yes?: boolean;
}

/** `friend-sync doctor`: what is wrong, or will hurt, with what mends it. */
export function addDoctor(program: Command, load: Load): void {
  program
    .command('doctor')
    .description(
      'look at servers, rights, tables, topics, connectors and daemons for what is wrong or may hurt, and say what mends it; changes nothing unless --fix; exit 1 if there is an error, 75 if servers that cannot be reached now are all of it; warnings and notes exit 0',
    )
    .option(
      '--fix',
      'make what is missing of our own tables, topics and connectors, set topics and connectors to what the configuration says, and restart connectors that have failed; what is SQL for the servers is printed only',
    )
    .option('--yes', 'with --fix: do it; without, ask before each step')
    .action(async ({ fix = false, yes = false }: DoctorOptions) => {
      const { configuration, json } = load();
      const look = () => runDoctor(configuration, createLogger('fatal'));
      let findings = await look();
      tellFindings(findings, json);
      if (fix) {
        const isMended = await withOperations(configuration, (operations) => mend(operations, findings, { yes, json }));
        if (isMended) findings = await look();
        if (isMended) tellFindings(findings, json);
      }
      process.exitCode = exitCodeOf(findings);
      if (json) return printJson(findings);
      talk(summarise(findings));
    });
}

/** Returns whether there was something to do. */
async function mend(
  operations: Operations,
  findings: readonly Finding[],
  { yes, json }: { readonly yes: boolean; readonly json: boolean },
): Promise<boolean> {
  const steps = mendingSteps(findings);
  const events = { onStep: showSteps(json), mayDo: asking(yes), onPart: talk, onWait: tellWait };
  // No step waits for what has a deadline.
  await applyChanges(operations, steps, 0, events);
  if (steps.length === 0 && findings.length > 0) talk('nothing of it can be mended without you');
  return steps.length > 0;
}

/** As blocks of lines; not to machines. */
export function tellFindings(findings: readonly Finding[], json: boolean): void {
  if (!json) for (const finding of findings) print(`${describe(finding)}\n`);
}

export function exitCodeOf(findings: readonly Finding[]): number {
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return EXIT.done;
  return errors.every(({ isTemporary }) => isTemporary) ? EXIT.temporary : EXIT.failed;
}

/** A block of lines. */
export function describe({ severity, part, what, why, mend }: Finding): string {
  const lines = [`${severity}: ${part}: ${what}`, why && `why: ${why}`, mend && `mend: ${mend}`];
  return lines
    .filter((line) => line !== '')
    .join('\n')
    .replaceAll('\n', '\n  ');
}

export function summarise(findings: readonly Finding[]): string {
  const counts = SEVERITIES.map((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity}${count === 1 ? '' : 's'}`];
  });
  return counts.flat().join(', ') || 'nothing is wrong';
}
