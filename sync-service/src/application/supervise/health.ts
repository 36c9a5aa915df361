import type { Condition, Trouble } from '../../domain/trouble.ts';
import type { SyncError } from '../../errors.ts';

/** What the service knows of its own state: the parts in trouble, and whether its consumer has joined. */
export class Health implements Condition {
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
