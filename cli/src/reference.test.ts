import { expect, test } from 'vitest';
import { EXAMPLES, leavesOf, pathOf } from './examples.ts';
import { createProgram } from './program.ts';
import { renderReference } from './reference.ts';

const program = createProgram({});

test('docs/cli.md is what the commands say of themselves (vitest -u writes it)', async () => {
  await expect(renderReference(program)).toMatchFileSnapshot('../../docs/cli.md');
});

test('every command has examples that are of it, and no example is of none', () => {
  const paths = leavesOf(program).map(pathOf);
  expect(Object.keys(EXAMPLES).sort()).toEqual(paths.sort());
  for (const [path, examples] of Object.entries(EXAMPLES)) {
    expect(examples.length).toBeGreaterThan(0);
    for (const { command } of examples) expect(command).toMatch(new RegExp(`friend-sync (--json )?${path}\\b`));
  }
});

test('--help of a command ends with its examples', () => {
  let help = '';
  const [verify] = leavesOf(program).filter((command) => command.name() === 'verify');
  verify?.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
  expect(help).toMatch(/\nExamples:\n {2}friend-sync verify\n {6}while changes go on\n/);
});
