import type { Configuration } from '@friend-sync/connectors';
import { SyncError } from '../../errors.ts';
import type { Database } from '../../infrastructure/mysql/server/database.ts';
import { findUnmade } from '../../infrastructure/mysql/store.ts';
import type { Logger } from '../../log.ts';
import type { Health } from './health.ts';
import { repeat } from './repeat.ts';

/** Sources that were left out are looked at so often. */
const LOOK_EVERY_MS = 3_000;

export interface UnmadeSourcesParts {
  readonly target: Database;
  readonly health: Health;
  readonly log: Logger;
  /** `migrate` has made room for one. */
  readonly onMade: (() => void) | undefined;
  /** Given the watch, to dispose of it. */
  readonly use: (watch: AsyncDisposable) => void;
}

/** A source that `migrate` has yet to make room for is left out, named, and looked at; all others do not wait for it. */
export async function withoutUnmade(whole: Configuration, parts: UnmadeSourcesParts): Promise<Configuration> {
  const { target, health, log, onMade, use } = parts;
  const unmade = await findUnmade(whole, target);
  const sources = whole.mapping.sources.filter(({ name }) => !unmade.has(name));
  if (sources.length === 0) return whole;
  for (const [name, problem] of unmade) {
    log.error({ source: name, problem }, 'the source is left out');
    health.report(`source ${name}`, new SyncError('store_misconfigured', problem));
  }
  const look = async () => {
    if ((await findUnmade(whole, target)).size < unmade.size) onMade?.();
  };
  if (unmade.size > 0) use(repeat(LOOK_EVERY_MS, () => look().catch(() => {})));
  return { ...whole, mapping: { sources } };
}
