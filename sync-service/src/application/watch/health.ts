import type { SyncError } from '../../errors.ts';

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

/** What the service knows of its own state: the parts in trouble, and whether its consumer has joined. */
export class Health {
  readonly #troubles = new Map<string, Trouble>();
  #state = 'starting';

  /** A part cannot go on for now. */
  report(part: string, error: SyncError): void {
    this.#set(part, error, false);
  }

  /** Something is to be looked at, though the service does what it promises. */
  note(part: string, error: SyncError): void {
    this.#set(part, error, true);
  }

  #set(part: string, error: SyncError, isNote: boolean): void {
    const since = this.#troubles.get(part)?.since ?? new Date().toISOString();
    const { directive, hint } = error.policy;
    this.#troubles.set(part, { part, kind: error.kind, directive, problem: error.message, hint, since, isNote });
  }

  clear(part: string): void {
    this.#troubles.delete(part);
  }

  setState(state: string): void {
    this.#state = state;
  }

  get state(): string {
    return this.#state;
  }

  get troubles(): Trouble[] {
    return [...this.#troubles.values()];
  }

  /** Consuming, and no part in trouble. */
  get isReady(): boolean {
    return this.#state === 'consuming' && this.troubles.every(({ isNote }) => isNote);
  }
}
