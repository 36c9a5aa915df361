import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What a clone would hold: tracked files, and new ones that are not ignored. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .trim()
  .split('\n');

const contentOf = (file: string) => readFileSync(ROOT + file, 'utf8');

const sources = files.filter(
  (file) => /^(connectors|sync-service|cli)\/src\/.*\.ts$/.test(file) && !file.endsWith('.test.ts'),
);

test('no source file names a table or column of the example', () => {
  const example = /im_user|im_friend|im_group|nick_?name|head_?img|user_db|friend_db/i;
  expect(sources.length).toBeGreaterThan(50);
  expect(sources.filter((file) => example.test(contentOf(file)))).toEqual([]);
});

test('the lock file names no registry', () => {
  expect(contentOf('package-lock.json')).not.toContain('"resolved": "http');
});

test('no file is longer than 300 lines', () => {
  const code = files.filter((file) => /\.(ts|mjs)$/.test(file));
  expect(code.filter((file) => contentOf(file).split('\n').length > 301)).toEqual([]);
});

/** They say when something was, or compare with when another host says that something was. */
const BY_DATE = [
  'admin-server.ts',
  'consumer.ts',
  'fan-out-events.ts',
  'history-watch.ts',
  'kafkajs-patches.ts',
  'offsets.ts',
  'servers.ts',
  'service.ts',
  'topic-retention.ts',
  'waiting-messages.ts',
];

test('how long something takes is measured by a clock that nobody sets', () => {
  const byDate = sources.filter((file) => contentOf(file).includes('Date.now()'));
  expect(byDate.map((file) => file.split('/').at(-1)).sort()).toEqual(BY_DATE);
});
