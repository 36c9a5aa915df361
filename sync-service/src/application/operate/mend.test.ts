import { expect, test } from 'vitest';
import type { Finding } from './doctor/findings.ts';
import { mendingSteps } from './mend.ts';

const finding = (part: string, more: Partial<Finding>): Finding => ({
  severity: 'error',
  part,
  what: 'is wrong',
  why: '',
  mend: `mend ${part}`,
  ...more,
});

test('case 83: doctor --fix mends what needs no decision, each once, and leaves the rest', () => {
  const setting = { topic: 't', name: 'cleanup.policy', value: 'compact' };
  const findings = [
    finding('a server', {}),
    finding('a right', { fix: { kind: 'grants' } }),
    finding('no daemon', { fix: { kind: 'daemons' } }),
    finding('connector a', { fix: { kind: 'restart', connector: 'a' } }),
    finding('topic u', { fix: { kind: 'connectors' } }),
    finding('connector b', { fix: { kind: 'connectors' } }),
    finding('topic t', { fix: { kind: 'topics', setting } }),
    finding('our tables', { fix: { kind: 'migrate' } }),
  ];
  expect(mendingSteps(findings)).toEqual([
    {
      kind: 'migrate',
      what: 'our own tables',
      commands: ['friend-sync migrate --execute'],
      details: ['our tables: is wrong'],
      names: [],
    },
    {
      kind: 'topics',
      what: 'settings of topics',
      commands: ['mend topic t'],
      details: ['topic t: is wrong'],
      names: [],
      settings: [setting],
    },
    {
      kind: 'connectors',
      what: 'topics and connectors',
      commands: ['friend-sync connectors apply'],
      details: ['topic u: is wrong', 'connector b: is wrong'],
      names: [],
    },
    {
      kind: 'restart',
      what: 'connectors that have failed',
      commands: ['friend-sync connectors restart a'],
      details: ['connector a: is wrong'],
      names: ['a'],
    },
  ]);
  expect(mendingSteps(findings.slice(0, 3))).toEqual([]);
});
