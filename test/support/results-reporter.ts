import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Reporter, TestModule } from 'vitest/node';

const RESULTS = fileURLToPath(new URL('../../docs/results.md', import.meta.url));
const BEGIN = '<!-- test:long -->';
const END = '<!-- /test:long -->';

/** Writes the fault cases of a run at full figures into docs/results.md, with date and commit. */
export default class ResultsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const rows = tests
      .filter(({ name }) => name.startsWith('case '))
      .map((test) => ({
        name: test.name,
        state: test.result().state,
        figures: test.annotations().map(({ message }) => message),
        seconds: (test.diagnostic()?.duration ?? 0) / 1000,
      }))
      .sort((a, b) => Number.parseInt(a.name.slice(5), 10) - Number.parseInt(b.name.slice(5), 10));
    const commit = String(execFileSync('git', ['rev-parse', '--short', 'HEAD'])).trim();
    const text = [
      BEGIN,
      `${new Date().toISOString().slice(0, 10)}, commit ${commit}: ${rows.filter(({ state }) => state === 'passed').length} of ${rows.length} passed.`,
      '',
      '| Test | Result | Seconds | Figures |',
      '|---|---|---|---|',
      ...rows.map(
        ({ name, state, seconds, figures }) => `| ${name} | ${state} | ${seconds.toFixed(1)} | ${figures.join('; ')} |`,
      ),
      END,
    ].join('\n');
    const before = readFileSync(RESULTS, 'utf8');
    writeFileSync(
      RESULTS,
      before.replace(before.slice(before.indexOf(BEGIN), before.indexOf(END) + END.length), () => text),
    );
  }
}
