import type { Settings } from '@friend-sync/connectors';

const TIMEOUT_MS = 5_000;

/** Whether the schema registry answers. */
export async function registryAnswers({ url }: Settings['registry']): Promise<boolean> {
  const subjects = `${url.replace(/\/+$/, '')}/apis/ccompat/v7/subjects`;
  return fetch(subjects, { signal: AbortSignal.timeout(TIMEOUT_MS) }).then(
    ({ ok }) => ok,
    () => false,
  );
}
