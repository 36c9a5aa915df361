import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, inject } from 'vitest';

/** A running stack of real parts, which a test attaches to. */
export interface OwnStack {
  /** Its data folder. */
  readonly dataDir: string;
  readonly kafkaBrokers: string;
  /** Kafka's second door: who opens a proxy at `advertised`, before `port`, is between it and its clients. */
  readonly proxiedKafka: { readonly port: number; readonly advertised: number };
}

declare module 'vitest' {
  interface ProvidedContext {
    /** One for each of the workers that run end-to-end tests. */
    stacks: OwnStack[];
  }
}

let own: OwnStack | undefined;

// Only a file of which tests run takes a stack. Hooks run last to first at the end: this one after all those of the file.
beforeAll(async () => {
  own = await takeFreeStack();
});
afterAll(() => own && rm(markOf(own)));

/** The stack that no other file uses while this one's tests run: its parts may be stopped, killed and set back. */
export function ownStack(): OwnStack {
  if (!own) throw new Error('a stack belongs to tests and hooks, not to a module');
  return own;
}

/** Not by VITEST_POOL_ID: in Vitest 4.1.12, after another project, two workers at work have the same. */
async function takeFreeStack(): Promise<OwnStack> {
  for (const stack of inject('stacks')) {
    const isFree = await writeFile(markOf(stack), '', { flag: 'wx' }).then(
      () => true,
      () => false,
    );
    if (isFree) return stack;
  }
  throw new Error('there are more workers than stacks');
}

const markOf = ({ dataDir }: OwnStack) => join(dataDir, 'taken');
