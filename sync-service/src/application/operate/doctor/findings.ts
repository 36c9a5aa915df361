import { ConnectError } from '@friend-sync/connectors';
import { toSyncError } from '../../../errors.ts';

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
  return { severity: 'error', part, what: message, why, mend: policy.hint, isTemporary };
}
