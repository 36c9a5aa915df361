import { APPLICATION, type Guard, mysqlTest } from './guard.ts';

const TRUST = `${APPLICATION}/read/trust.ts`;
const SOURCE_READS = `${APPLICATION}/read/source-reads.ts`;
const TOLD_GONE =
  'case 85: a stream that is not trusted tells that two rows are gone: the copy of the one that lives stays, that of the other gets the delete policy';
const inTrust = (name: string): Guard['test'] => ({
  project: 'unit',
  file: `${APPLICATION}/read/trust.test.ts`,
  name,
});

/** What a stream that is not trusted may do, and what gives the trust back. */
export const TRUST_GUARDS: readonly Guard[] = [
  {
    guard: 'that a delete of a stream that is not trusted is a question',
    file: SOURCE_READS,
    replace: [["kind: change.kind === 'row' ? 'row' : 'told gone', values", 'values']],
    test: mysqlTest('trust.mysql.test.ts', TOLD_GONE),
  },
  {
    guard: 'that a delete which a read confirms is taken',
    file: `${APPLICATION}/ingest/ingest.ts`,
    replace: [['source.due.mark(t, toldGone, { takesGone: true })', 'source.due.mark(t, toldGone)']],
    test: mysqlTest('trust.mysql.test.ts', TOLD_GONE),
  },
  {
    guard: 'that a source whose keys are misread is held',
    file: SOURCE_READS,
    replace: [['if (verdict.misreadsKey)', 'if (!verdict.misreadsKey)']],
    test: mysqlTest(
      'trust.mysql.test.ts',
      'case 85: a source whose keys are misread is held until a new epoch, which a look from before it does not hold again',
    ),
  },
  {
    guard: 'that a look at the picture counts for the epoch in which it began',
    file: SOURCE_READS,
    replace: [
      [
        'const seen = this.#seen;',
        'const seen = await store.serverState.read(store.database, source.schema.mapping.name);',
      ],
    ],
    test: mysqlTest(
      'trust.mysql.test.ts',
      'case 85: a source whose keys are misread is held until a new epoch, which a look from before it does not hold again',
    ),
  },
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
