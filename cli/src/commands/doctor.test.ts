import type { Finding } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { describe, exitCodeOf, summarise } from './doctor.ts';

const finding = (severity: Finding['severity'], isTemporary = false): Finding => ({
  severity,
  part: 'd.friend.friend_id',
  what: 'no index begins with it',
  why: 'the copy is held',
  mend: 'ALTER TABLE `d`.`friend` ADD INDEX (`friend_id`)',
  isTemporary,
});

test.each<[string, Finding[], number]>([
  ['nothing', [], 0],
  ['notes and warnings', [finding('note'), finding('warning')], 0],
  ['an error', [finding('warning'), finding('error'), finding('error', true)], 1],
  ['servers that cannot be reached now', [finding('warning'), finding('error', true)], 75],
])('case 83: doctor that finds %s ends so', (_name, findings, code) => {
  expect(exitCodeOf(findings)).toBe(code);
});

test('case 83: a finding says what, why, and what mends it; what is left out has no line', () => {
  expect(describe(finding('error'))).toBe(
    'error: d.friend.friend_id: no index begins with it\n  why: the copy is held\n  mend: ALTER TABLE `d`.`friend` ADD INDEX (`friend_id`)',
  );
  expect(describe({ ...finding('note'), what: 'one\ntwo', mend: '' })).toBe(
    'note: d.friend.friend_id: one\n  two\n  why: the copy is held',
  );
});

test('the end says how much there is of each', () => {
  expect(summarise([])).toBe('nothing is wrong');
  expect(summarise([finding('note'), finding('error'), finding('note')])).toBe('1 error, 2 notes');
});
