import { APPLICATION, type Guard } from './guard.ts';

const TRUST = `${APPLICATION}/read/trust.ts`;
const inTrust = (name: string): Guard['test'] => ({
  project: 'unit',
  file: `${APPLICATION}/read/trust.test.ts`,
  name,
});

/** What gives the trust back. */
export const TRUST_GUARDS: readonly Guard[] = [
  {
    guard: 'that a right picture gives back no trust that was lost by proof',
    file: TRUST,
    replace: [
      [
        "await this.#decide('table', undefined);",
        "for (const by of ['table', 'proof'] as const) await this.#decide(by, undefined);",
      ],
    ],
    test: inTrust('a trust that was lost by proof does not come back with a DDL after which the picture is right'),
  },
  {
    guard: 'that right changes clear no doubt about a table',
    file: TRUST,
    replace: [
      [
        "await this.#decide('proof', undefined);",
        "for (const by of ['table', 'proof'] as const) await this.#decide(by, undefined);",
      ],
    ],
    test: inTrust('changes that are right do not clear the doubt about a table'),
  },
  {
    guard: 'that what was read of the trust before a decision is no news',
    file: TRUST,
    replace: [['if (decisions === this.#decisions) this', 'this']],
    test: inTrust('what was read of the trust before a decision is not taken for newer than it'),
  },
];
