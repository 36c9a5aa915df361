import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openStack } from './stack.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

test('`mysql friend` and `mysql user` open a client of that server, which reads SQL from its input', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'friend-sync-client-'));
  const stack = await openStack({ dataDir, parts: ['user-mysql', 'friend-mysql'] });
  try {
    const ask = (server: string) =>
      spawnSync(process.execPath, [MAIN, 'mysql', server, '--data', dataDir], {
        encoding: 'utf8',
        input: "SELECT @@port, '中' AS sign",
      });
    for (const [server, { port }] of Object.entries({ user: stack.userMysql, friend: stack.friendMysql }))
      expect(ask(server)).toMatchObject({ status: 0, stdout: `@@port\tsign\n${port}\t中\n` });
    expect(ask('other')).toMatchObject({ status: 2, stdout: '' });
  } finally {
    await stack.down();
    await rm(dataDir, { recursive: true });
  }
});
