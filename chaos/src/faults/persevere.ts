import { setTimeout as delay } from 'node:timers/promises';

const AGAIN_MS = 500;
/** Other faults may stand in the way of an operator for so long. */
export const OPERATOR_MS = 600_000;

/** An operator repeats a command until it works: meanwhile servers come and go. */
export async function persevere<T>(command: () => Promise<T>): Promise<T> {
  for (const until = Date.now() + OPERATOR_MS; ; await delay(AGAIN_MS)) {
    try {
      return await command();
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}
