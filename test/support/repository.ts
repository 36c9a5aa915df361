import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What a clone would hold: tracked files, and new ones that are not ignored. */
export const repositoryFiles: readonly string[] = execFileSync(
  'git',
  ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
  { cwd: ROOT, encoding: 'utf8' },
)
  .split('\0')
  .filter((file) => file !== '');

/** What the product is made of, without its tests. */
export const productFiles = repositoryFiles.filter(
  (file) => /^(connectors|sync-service|cli)\/src\/.*\.ts$/.test(file) && !file.endsWith('.test.ts'),
);

export const contentOf = (file: string): string => readFileSync(ROOT + file, 'utf8');
