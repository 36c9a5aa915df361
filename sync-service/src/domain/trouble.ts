import type { Figures } from './figures.ts';

/** Why a part of the service does not go on, and what the operator does about it. */
export interface Trouble {
  readonly part: string;
  readonly kind: string;
  readonly directive: string;
  readonly problem: string;
  readonly hint: string;
  readonly since: string;
  /** It does not make the service unready. */
  readonly isNote: boolean;
}

/** How a daemon says that it fares. */
export interface Condition {
  /** Of its consumer. */
  readonly state: string;
  readonly troubles: readonly Trouble[];
}

/** What troubles these daemons, each once: most of what troubles one troubles all. One of an older version does not say. */
export function troublesOf(daemons: readonly (Condition | undefined)[]): Trouble[] {
  const troubles = daemons.flatMap((one) => one?.troubles ?? []);
  return [...new Map(troubles.map((one) => [`${one.part} ${one.problem}`, one])).values()];
}

/** What a daemon says of itself in the friend database. */
export interface Announcement extends Condition {
  /** The fingerprint of each source's mapping that it works by; one of an older version does not say. */
  readonly sources?: Fingerprints;
  /** One of an older version says none. */
  readonly figures?: Figures;
}

/** Of sources, by their names: those that are mapped otherwise have another one. */
export type Fingerprints = Readonly<Record<string, string>>;
