import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const spec = readFileSync(`${ROOT}docs/SPEC.md`, 'utf8');
const FOLDERS = 'connectors|sync-service|cli|local-stack|demo|bench|test|docs|scripts';

test('P1 to P11 are there, each once, in order, with what enforces it and what is missing', () => {
  const promises = spec.split(/^## /m).filter((section) => /^P\d+ /.test(section));
  expect(promises.map((section) => section.match(/^P\d+/)?.[0])).toEqual(
    Array.from({ length: 11 }, (_, i) => `P${i + 1}`),
  );
  for (const section of promises)
    for (const part of ['**Enforced by**', '**Shown by**', '**Missing**']) expect(section).toContain(part);
});

test('the known gaps are listed', () => {
  expect(spec).toMatch(/^## Known gaps\n\nThe known gaps, most serious first:\n\n1\. /m);
});

test('every file that is named exists', () => {
  const named = [...spec.matchAll(/`([^`\n]+)`/g)].map(([, text]) => text ?? '');
  const paths = named.filter((text) => new RegExp(`^(${FOLDERS})/[\\w./-]+$`).test(text));
  expect(paths.length).toBeGreaterThan(30);
  expect(paths.filter((path) => !existsSync(ROOT + path))).toEqual([]);
});

test('every test that is quoted exists in its file', () => {
  const quotes = [...spec.matchAll(/`([^`\n]+\.test\.ts)` “([^”]+)”/g)].map(([, path = '', title = '']) => ({
    path,
    title,
  }));
  const files = [...spec.matchAll(/`[^`\n]+\.test\.ts`/g)];
  expect(quotes.length).toBe(files.length);
  const missing = quotes.filter(({ path, title }) => !readFileSync(ROOT + path, 'utf8').includes(`'${title}'`));
  expect(missing).toEqual([]);
});
