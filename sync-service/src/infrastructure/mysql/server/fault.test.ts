import { expect, test } from 'vitest';
import type { ErrorKind } from '../../../errors.ts';
import { toSourceError } from './fault.ts';

test.each<[string, ErrorKind, string]>([
  ['ER_TABLEACCESS_DENIED_ERROR', 'contract_broken', 'the replica refuses: reading: ER_TABLEACCESS_DENIED_ERROR: no'],
  ['ECONNREFUSED', 'user_database_unavailable', 'the replica: reading: ECONNREFUSED: no'],
  ['ER_LOCK_WAIT_TIMEOUT', 'user_database_unavailable', 'the replica: reading: ER_LOCK_WAIT_TIMEOUT: no'],
  ['ER_SOMETHING_NEW', 'internal', 'reading: ER_SOMETHING_NEW'],
])('%s at a server that is only read is told as its own trouble, by its name', (code, kind, message) => {
  const fault = toSourceError({ code, message: 'no' }, 'reading', 'the replica');
  expect(fault).toMatchObject({ kind, message });
  // As a transaction tells of a statement of its own.
  expect(toSourceError(fault, 'all of it', 'the replica')).toBe(fault);
});
