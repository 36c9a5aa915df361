import { ConnectError } from '@friend-sync/connectors';
import { expect, test } from 'vitest';
import { SyncError, toSyncError } from './errors.ts';

test('Connect that does not answer is tried again, and named as it names itself', () => {
  const error = toSyncError(new ConnectError('Kafka Connect at http://connect does not answer'));
  expect(error).toMatchObject({ kind: 'connector_failed', message: 'Kafka Connect at http://connect does not answer' });
  expect(error.policy.directive).toBe('retry');
});

test('what nobody has classified is a bug, and its message, which may hold a value, is not kept', () => {
  const error = toSyncError(new TypeError('of undefined: Ann'));
  expect(error.kind).toBe('internal');
  expect(error.message).toContain('TypeError');
  expect(error.message).not.toContain('Ann');
  const own = new SyncError('rows_gone', 'some');
  expect(toSyncError(own)).toBe(own);
});
