import { ConnectError } from '@friend-sync/connectors';
import { toSyncError } from '../../../errors.ts';
import { isRejected } from '../../../infrastructure/mysql/server/fault.ts';

/** `error`: something does not work, or will be wrong. `warning`: it may. `note`: allowed, and may surprise. */
export const SEVERITIES = ['error', 'warning', 'note'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One thing that is not as it should be. */
export interface Finding {
  readonly severity: Severity;
  /** What it is about: a server, table, column, topic or connector, by its name. */
  readonly part: string;
  readonly what: string;
  /** What comes of it. */
  readonly why: string;
  /** The SQL or the command that mends it. */
  readonly mend: string;
  /** A server that cannot be reached now. */
  readonly isTemporary?: boolean;
  /** What mends it without a decision; left out: somebody has to look at it. */
  readonly fix?: Fix;
}

/**
 * `grants`: an administrator gives them. `daemons`: one that is started, or goes on, mends it. All others `doctor --fix` does
 * itself.
 */
export type Fix =
  | { readonly kind: 'grants' | 'daemons' | 'migrate' | 'connectors' }
  | { readonly kind: 'restart'; readonly connector: string }
  | { readonly kind: 'topics'; readonly setting: TopicSetting };

export interface TopicSetting {
  readonly topic: string;
  readonly name: string;
  readonly value: string;
}

/** What another check says: its problem, and behind the last semicolon the remedy. It begins with the part where none is given. */
export function findingOf(severity: Severity, problem: string, why: string, part?: string): Finding {
  const [, named, rest] = (part === undefined && problem.match(/^(.*?): (.*)$/s)) || [];
  const [, what, mend] = (rest ?? problem).match(/^(.*); ([^;]*)$/s) ?? [];
  return { severity, part: part ?? named ?? '', what: what ?? rest ?? problem, why, mend: mend ?? '' };
}

/** What kept a check from its end, or was its outcome. */
export function failureOf(part: string, error: unknown, why: string): Finding {
  const { message, policy } = toSyncError(error);
  const isRefusal = error instanceof ConnectError && error.status !== undefined;
  const isTemporary = policy.directive === 'retry' && !isRefusal;
  const fix: Partial<Finding> = isRejected(error) ? { fix: { kind: 'grants' } } : {};
  return { severity: 'error', part, what: message, why, mend: policy.hint, isTemporary, ...fix };
}
