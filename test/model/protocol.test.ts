import { expect, test } from 'vitest';
import { explore } from './explore.ts';
import { fanOutModel, type Violation } from './fan-out-model.ts';
import { type Bounds, OURS, type Protocol } from './protocol.ts';

const TIMEOUT_MS = 60_000;

const ALONE: Bounds = { versions: 2, late: 'never', barrier: false };
/** A second one would heal what the first one lost. */
const ONE_VERSION: Bounds = { ...ALONE, versions: 1 };
const INSERT: Bounds = { ...ALONE, late: 'insert' };
const RE_ADD: Bounds = { ...ALONE, late: 're-add' };
const BARRIER: Bounds = { ...ALONE, barrier: true };

test.each<[string, Bounds, number]>([
  ['three versions', { ...ALONE, versions: 3 }, 50_000],
  ['a late copy that is inserted', INSERT, 100_000],
  ['a late copy that is re-added by an UPDATE', RE_ADD, 100_000],
  ['somebody who waits for the barrier', BARRIER, 50_000],
])(
  'no order of events loses a change or takes a copy back: %s',
  (_, bounds, fewest) => {
    const explored = explore(fanOutModel(OURS, bounds));
    expect(explored).toMatchObject({ violation: undefined, trace: [] });
    expect(explored.quiet).toBeGreaterThan(0);
    expect(explored.states).toBeGreaterThan(fewest);
  },
  TIMEOUT_MS,
);

test.each<[string, Violation, Partial<Protocol>, Bounds]>([
  ['completion by the generation of the pass, without the token', 'LOST', { complete: 'generation' }, ALONE],
  ['completion by the claimed generation, without the token', 'LOST', { complete: 'claimed generation' }, ALONE],
  ['completion by the token, without the generation', 'LOST', { complete: 'token' }, ALONE],
  ['the generation of the claim, not of the pass', 'LOST', { generationOf: 'claim' }, ALONE],
  ['the cursor stored unguarded', 'LOST', { pause: 'nothing' }, ALONE],
  ['the cursor guarded by the generation, without the token', 'LOST', { pause: 'generation' }, ALONE],
  ['a late copy that is inserted and not marked', 'LOST', { lateCopy: 'not marked' }, INSERT],
  ['a late copy that is re-added by an UPDATE and not marked', 'LOST', { lateCopy: 'not marked' }, RE_ADD],
  ['the first insertion into the mirror not marked', 'LOST', { firstInsertion: 'not marked' }, ONE_VERSION],
  ['values from the memory of the process', 'STEP BACK', { read: 'memory of the claim' }, ALONE],
  ['values from the snapshot of a subquery', 'STEP BACK', { read: 'snapshot' }, ALONE],
  ['an UPDATE that skips a copy that the application has locked', 'LOST', { lockedCopy: 'skip' }, ALONE],
  ['completion of a key of which a locked copy was left', 'LOST', { left: 'nowhere' }, ALONE],
  ['write-through without a mark where no copy was found', 'LOST', { through: 'copies not found' }, ONE_VERSION],
  ['write-through that skips locked copies', 'LOST', { through: 'locked copies skipped' }, ALONE],
  ['write-through after the commit, without a mark', 'LOST', { through: 'after the commit' }, ALONE],
  ['write-through that deletes the mark of a late copy', 'LOST', { through: 'pending row deleted' }, INSERT],
  ['`since` of the last claim, not of the pass', 'BARRIER', { since: 'claim' }, BARRIER],
])(
  'found wrong: %s',
  (_, violation, wrong, bounds) => {
    expect(explore(fanOutModel({ ...OURS, ...wrong }, bounds)).violation).toBe(violation);
  },
  TIMEOUT_MS,
);
