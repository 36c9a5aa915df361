import type { Settings } from '@friend-sync/connectors';
import { SyncError } from '../../errors.ts';

const TIMEOUT_MS = 5_000;

/** Whether the schema registry answers. */
export async function registryAnswers({ url }: Settings['registry']): Promise<boolean> {
  const subjects = `${url.replace(/\/+$/, '')}/apis/ccompat/v7/subjects`;
  return fetch(subjects, { signal: AbortSignal.timeout(TIMEOUT_MS) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Throws `schema_unavailable` where it does not: a connector would be accepted, and fail at its first message. */
export async function requireRegistry(registry: Settings['registry']): Promise<void> {
  if (await registryAnswers(registry)) return;
  const problem = `no schema registry answers at ${registry.url} within ${TIMEOUT_MS / 1000} s; correct registry.url, or start it`;
  throw new SyncError('schema_unavailable', problem);
}
