import { inspect } from 'node:util';
import { z } from 'zod';

/** A password. It prints as `[hidden]` wherever it is logged, inspected or turned into JSON. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The password itself, for the library that logs in with it. */
  reveal(): string {
    return this.#value;
  }

  toJSON(): string {
    return '[hidden]';
  }

  toString(): string {
    return '[hidden]';
  }

  [inspect.custom](): string {
    return '[hidden]';
  }
}

/** Accepts a string or a {@link Secret}; absent means the empty password. */
export const secretSchema = z
  .union([z.string(), z.instanceof(Secret)])
  .default('')
  .transform((value) => (value instanceof Secret ? value : new Secret(value)));
