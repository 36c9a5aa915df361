import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const spec = readFileSync(`${ROOT}docs/SPEC.md`, 'utf8');
const runbook = readFileSync(`${ROOT}docs/runbook.md`, 'utf8');
const FOLDERS = 'connectors|sync-service|cli|local-stack|demo|bench|chaos|test|docs|scripts';
const DOCUMENTS = [
  'README.md',
  'README.zh-CN.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'docs/SPEC.md',
  'docs/ERRORS.md',
  'docs/ARCHITECTURE.md',
  'docs/cli.md',
  'docs/guide.md',
  'docs/runbook.md',
  'docs/settings.md',
  'docs/waits.md',
  ...readdirSync(`${ROOT}docs/decisions`).map((name) => `docs/decisions/${name}`),
];

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

test.each(DOCUMENTS)('%s: every file that is named exists', (document) => {
  const named = [...readFileSync(ROOT + document, 'utf8').matchAll(/`([^`\n]+)`/g)].map(([, text]) => text ?? '');
  const paths = named.filter((text) => new RegExp(`^(${FOLDERS})/[\\w./-]+$`).test(text));
  expect(paths.filter((path) => !existsSync(ROOT + path))).toEqual([]);
});

test.each(DOCUMENTS)('%s: every link leads to a file and a heading', (document) => {
  const text = readFileSync(ROOT + document, 'utf8');
  const links = [...text.matchAll(/\]\(([^)\s:]+)\)/g)].map(([, link = '']) => link);
  const broken = links.filter((link) => {
    const [path = '', anchor] = link.split('#');
    const file = path ? resolve(ROOT, dirname(document), path) : ROOT + document;
    return !existsSync(file) || (anchor !== undefined && !anchorsOf(file).includes(anchor));
  });
  expect(broken).toEqual([]);
});

/** As GitHub makes them of headings. */
function anchorsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each([
  ['SPEC.md', spec],
  ['runbook.md', runbook],
])('%s: every test that is quoted exists in its file', (_, text) => {
  const quotes = [...text.matchAll(/`([^`\n]+\.test\.ts)` “([^”]+)”/g)].map(([, path = '', title = '']) => ({
    path,
    title,
  }));
  const files = [...text.matchAll(/`[^`\n]+\.test\.ts`/g)];
  expect(quotes.length).toBe(files.length);
  const missing = quotes.filter(({ path, title }) => !readFileSync(ROOT + path, 'utf8').includes(`'${title}'`));
  expect(missing).toEqual([]);
});

test('every recipe of the runbook names the test that runs it, or says that none does', () => {
  const recipes = runbook.split(/^## /m).slice(2);
  const unsaid = recipes.filter((recipe) => !/Run (for .* )?by |not run by a test|is run by/.test(recipe));
  expect(unsaid.map((recipe) => recipe.split('\n')[0])).toEqual([]);
});
