import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { EXAMPLES } from '../../cli/src/examples.ts';
import { GUIDE, GUIDE_COMMANDS } from '../support/guide.ts';
import { ownStack } from '../support/own-stack.ts';
import { Terminal } from '../support/terminal.ts';

const DOCS = fileURLToPath(new URL('../../docs', import.meta.url));
/** Of the examples, those that change nothing. */
const ASKS =
  /^(eval|friend-sync (--json |settings|grants|plan|doctor$|migrate$|offsets show|offsets reset --to-datetime|dead-letters list|parked list|gone|connectors (render|validate|status|apply --dry-run|delete$)|epoch new user$))/;
const SOON = { timeout: 120_000, interval: 100 };

test('case 55: from nothing to verified by init, up and start, with a forum that nobody has seen, as the guide says; then every example of the help', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'friend-sync-guide-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await symlink(DOCS, join(folder, 'docs'));
  await using first = new Terminal(folder, ownStack().dataDir);
  await using second = new Terminal(folder, ownStack().dataDir);
  const typed = async (command: string, terminal = first) => {
    const { code, output } = await terminal.run(command);
    expect({ command, code, output: code === 0 ? '' : output }).toEqual({ command, code: 0, output: '' });
    return output;
  };

  for (const command of GUIDE.before) await typed(command);
  const up = typed(GUIDE.up);
  await Promise.race([up, vi.waitUntil(() => first.output.includes('no daemon runs: start one'), SOON)]);
  for (const command of GUIDE.otherTerminal) second.type(command);
  expect(await up).toMatch(/^1760 copies compared, 0 differ from their source, 0 have no source row$/m);

  const after: string[] = [];
  for (const command of GUIDE.after) after.push(await typed(command));
  const [, verified, explained, , watched, again] = after;
  expect(verified).toContain('1760 copies compared, 0 differ');
  expect(explained).toContain('users');
  expect(watched).toMatch(
    /^ {2}↓ daemons {4}1 \(consuming\): [\d.]+ changes\/s, [\d.]+ copies\/s, \d+ ms from commit to copies/m,
  );
  // Nothing is left to do but to look.
  expect(again?.match(/^\d\. .*/gm)).toHaveLength(2);

  // What the help of each command, and docs/cli.md, show besides.
  const examples = Object.values(EXAMPLES).flatMap((some) => some.map(({ command }) => command));
  const left = examples.filter((command) => !GUIDE_COMMANDS.includes(command));
  await using third = new Terminal(folder, ownStack().dataDir);
  await typed(GUIDE.otherTerminal[0], third);
  const asked = left.filter((command) => ASKS.test(command)).values();
  const ask = async (terminal: Terminal) => {
    for (const command of asked) await typed(command, terminal);
  };
  await Promise.all([first, third].map(ask));
  for (const command of left) if (!ASKS.test(command)) await typed(command);
  await typed('friend-sync verify');
  await typed(GUIDE.end);
});
