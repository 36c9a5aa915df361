import { expect, test } from 'vitest';
import { type ErrorKind, SyncError } from '../../errors.ts';
import type { Database } from '../../infrastructure/mysql/database.ts';
import { atSource } from './read-parts.ts';

const [database, replica] = [{} as Database, {} as Database];

test.each<[ErrorKind, Database, ErrorKind, string]>([
  ['store_misconfigured', database, 'contract_broken', 'the user database refuses: no right'],
  ['store_misconfigured', replica, 'contract_broken', 'the replica that source.reads names refuses: no right'],
  ['store_unavailable', database, 'user_database_unavailable', 'the user database: no right'],
  ['store_unavailable', replica, 'user_database_unavailable', 'the replica that source.reads names: no right'],
  ['contract_broken', replica, 'contract_broken', 'no right'],
])('%s at the server that is asked is told as its own trouble, by its name: %#', async (was, server, kind, message) => {
  const failing = atSource({ database }, server, Promise.reject(new SyncError(was, 'no right')));
  await expect(failing).rejects.toMatchObject({ kind, message });
});
