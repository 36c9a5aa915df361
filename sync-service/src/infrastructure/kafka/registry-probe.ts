import { registryApi, type Settings } from '@friend-sync/connectors';
import { SyncError } from '../../errors.ts';

const TIMEOUT_MS = 5_000;

export const LOGIN_HINT = 'correct registry.user and FRIEND_SYNC_REGISTRY__PASSWORD';

/** By the status of its answer. */
export const refusesLogin = (status: number | undefined) => status === 401 || status === 403;

/** Whether the schema registry answers. */
export async function registryAnswers(registry: Settings['registry']): Promise<boolean> {
  return isAnswer(await statusOf(registry));
}

/** Throws `schema_unavailable` where it does not: a connector would be accepted, and fail at its first message. */
export async function requireRegistry(registry: Settings['registry']): Promise<void> {
  const status = await statusOf(registry);
  if (isAnswer(status)) return;
  if (refusesLogin(status))
    throw new SyncError('schema_unavailable', `the schema registry at ${registry.url} does not take our login`, {
      hint: LOGIN_HINT,
    });
  const problem = `no schema registry answers at ${registry.url} within ${TIMEOUT_MS / 1000} s; correct registry.url, or start it`;
  throw new SyncError('schema_unavailable', problem);
}

const isAnswer = (status: number | undefined) => status !== undefined && status >= 200 && status < 300;

/** Undefined where nothing answers. */
async function statusOf(registry: Settings['registry']): Promise<number | undefined> {
  const { user, password } = registry;
  const login = Buffer.from(`${user}:${password.reveal()}`).toString('base64');
  const headers = user === undefined ? {} : { authorization: `Basic ${login}` };
  return fetch(`${registryApi(registry)}/subjects`, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) }).then(
    ({ status }) => status,
    () => undefined,
  );
}
