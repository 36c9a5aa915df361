import { existsSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { launch } from './process.ts';

test('a log that has grown long is put aside when its server starts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'friend-sync-log-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const log = join(folder, 'log');
  const start = () => launch({ command: process.execPath, args: ['--version'] }, folder, log);
  writeFileSync(log, 'short\n');
  start();
  expect(existsSync(`${log}.1`)).toBe(false);
  truncateSync(log, 11_000_000);
  start();
  expect(statSync(`${log}.1`).size).toBeGreaterThan(10_000_000);
  expect(statSync(log).size).toBeLessThan(1_000);
});
