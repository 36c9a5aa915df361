/** Lets so many works run at a time; whoever waits with urgent work is next. */
export class Turns {
  readonly #urgent: (() => void)[] = [];
  readonly #patient: (() => void)[] = [];
  #free: number;

  constructor(most: number) {
    this.#free = most;
  }

  /** Runs it when its turn has come. */
  async take<T>(isUrgent: boolean, work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((go) => (isUrgent ? this.#urgent : this.#patient).push(go));
    try {
      return await work();
    } finally {
      const next = this.#urgent.shift() ?? this.#patient.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
