import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const text = readFileSync('docs/ARCHITECTURE.md', 'utf8');

test('every file and folder that ARCHITECTURE.md names exists', () => {
  const code = [...text.matchAll(/`([a-z][\w.-]*(?:\/[\w.-]+)*)`/g)].map(([, path]) => path ?? '');
  const paths = code.filter((path) => /\.(ts|json)$|\//.test(path));
  // A file without its folder lies beside the one that is named before it.
  const files = readdirSync('sync-service/src', { recursive: true }).map(String);
  const exists = (path: string) =>
    existsSync(path) || files.some((file) => file === path || file.endsWith(`/${path}`) || file.startsWith(`${path}/`));
  expect(paths.length).toBeGreaterThan(30);
  expect(paths.filter((path) => !exists(path))).toEqual([]);
});

test('every table of the state database has its row in ARCHITECTURE.md', () => {
  const migrations = readdirSync('sync-service/drizzle').filter((name) => name.endsWith('.sql'));
  const sql = migrations.map((name) => readFileSync(`sync-service/drizzle/${name}`, 'utf8')).join('\n');
  const dropped = new Set([...sql.matchAll(/DROP TABLE IF EXISTS `(\w+)`/g)].map(([, name]) => name));
  const tables = [...sql.matchAll(/CREATE TABLE IF NOT EXISTS `(\w+)`/g)].map(([, name]) => name);
  const told = new Set([...text.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name));
  expect(tables.filter((name) => !dropped.has(name) && !told.has(name))).toEqual([]);
});
