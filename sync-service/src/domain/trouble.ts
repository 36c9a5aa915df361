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
