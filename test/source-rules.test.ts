import { expect, test } from 'vitest';
import { contentOf, productFiles, repositoryFiles } from './support/repository.ts';

test('no source file names a table or column of the example', () => {
  const example = /im_user|im_friend|im_group|nick_?name|head_?img|user_db|friend_db/i;
  expect(productFiles.length).toBeGreaterThan(50);
  expect(productFiles.filter((file) => example.test(contentOf(file)))).toEqual([]);
});

test('the lock file names no registry', () => {
  expect(contentOf('package-lock.json')).not.toContain('"resolved": "http');
});

test('no file is longer than 300 lines', () => {
  const code = repositoryFiles.filter((file) => /\.(ts|mjs)$/.test(file));
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
  const byDate = productFiles.filter((file) => contentOf(file).includes('Date.now()'));
  expect(byDate.map((file) => file.split('/').at(-1)).sort()).toEqual(BY_DATE);
});
