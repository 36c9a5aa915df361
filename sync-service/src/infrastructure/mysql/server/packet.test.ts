import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { sendPacket } from './packet.ts';

const STATEMENTS = ['begin', 'locking', 'writing', 'commit'].map((doing) => ({ doing, sql: doing }));

test.each<[readonly unknown[], string]>([
  [[], 'begin'],
  [[undefined], 'locking'],
  // Rows may have been on their way, so either may have failed.
  [[undefined, ['a column']], 'locking, writing'],
  [[undefined, ['a column'], undefined], 'commit'],
])('of several statements that is named which failed, by the answers before it: %j', async (headers, failed) => {
  const command = new EventEmitter();
  let end: (error: unknown, results: unknown) => void = () => {};
  const query = (_: string, onEnd: typeof end) => {
    end = onEnd;
    return command;
  };
  const { answer, failing } = sendPacket({ query }, STATEMENTS);
  for (const columns of headers) command.emit('fields', columns);
  end(new Error('refused'), undefined);
  await expect(answer).rejects.toThrow('refused');
  expect(failing()).toBe(failed);
});
