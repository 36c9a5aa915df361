import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CASES = 96;

const rows = [...readFileSync(`${ROOT}docs/SPEC.md`, 'utf8').matchAll(/^\| (\d+) \| .* \| ([^|]+) \|$/gm)].map(
  ([, number, status = '']) => ({
    number: Number(number),
    isTested: status.trim() === 'tested',
    status: status.trim(),
  }),
);

/** Every case that stands in the name of a test, `case 44, 52: …` for two. */
function testedCases(): number[] {
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.test.ts') && !/(^|\/)(node_modules|dist)\//.test(path),
  );
  const names = files.flatMap((path) => [...readFileSync(ROOT + path, 'utf8').matchAll(/['`]case ([\d, ]+):/g)]);
  const numbers = names.flatMap(([, list = '']) => list.split(',').map(Number));
  return [...new Set(numbers)].sort((a, b) => a - b);
}

test('docs/SPEC.md lists every fault case once, in order, tested or with the obstacle', () => {
  const numbers = rows.map(({ number }) => number);
  expect(numbers).toEqual(Array.from({ length: CASES }, (_, i) => i + 1));
  for (const { status } of rows) expect(status).toMatch(/^(tested|not tested)/);
});

test('the cases that docs/SPEC.md calls tested are those that tests are named after', () => {
  expect(rows.filter(({ isTested }) => isTested).map(({ number }) => number)).toEqual(testedCases());
});
