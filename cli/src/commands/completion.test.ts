import { spawnSync } from 'node:child_process';
import { Command } from 'commander';
import { expect, test, vi } from 'vitest';
import { addCompletion } from './completion.ts';

const printed: string[] = [];
vi.mock('../output.ts', () => ({ print: (text: string) => printed.push(text) }));

/** What bash offers for the last of these words. */
async function complete(...words: readonly string[]): Promise<string[]> {
  const program = new Command('friend-sync').option('--config <file>').option('--json');
  program.command('connectors').command('apply').option('--dry-run');
  program.command('start');
  addCompletion(program);
  printed.length = 0;
  await program.parseAsync(['completion', 'bash'], { from: 'user' });
  const script = `${printed.join('\n')}
COMP_WORDS=(friend-sync ${words.map((word) => `'${word}'`).join(' ')}) COMP_CWORD=${words.length}
_friend_sync
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-u', '-c', script], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.split('\n').filter(Boolean);
}

test.each([
  [[''], ['connectors', 'start', 'completion', '--config', '--json']],
  [['con'], ['connectors']],
  [['--config', 'other.yaml', 'connectors', ''], ['apply']],
  [['connectors', 'apply', '--'], ['--dry-run']],
  [['start', 'con'], []],
])('bash completes %j', async (words, offered) => {
  expect(await complete(...words)).toEqual(offered);
});
