import { createLogger, type Finding, runDoctor, SEVERITIES } from '@friend-sync/sync-service';
import type { Command } from 'commander';
import type { Load } from '../context.ts';
import { EXIT } from '../exit.ts';
import { print, printJson, talk } from '../output.ts';

/** `friend-sync doctor`: what is wrong, or will hurt, with what mends it. */
export function addDoctor(program: Command, load: Load): void {
  program
    .command('doctor')
    .description(
      'look at servers, rights, tables, topics, connectors and daemons for what is wrong or may hurt, and say what mends it; changes nothing; exit 1 if there is an error, 75 if servers that cannot be reached now are all of it; warnings and notes exit 0',
    )
    .action(async () => {
      const { configuration, json } = load();
      const findings = await runDoctor(configuration, createLogger('fatal'));
      process.exitCode = exitCodeOf(findings);
      if (json) return printJson(findings);
      for (const finding of findings) print(`${describe(finding)}\n`);
      talk(summarise(findings));
    });
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
