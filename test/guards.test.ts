import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { GUARDS } from './mutations/guards.ts';

const read = (file: string) => readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8');

test.each(GUARDS)('npm run test:mutations can still remove $guard', ({ file, replace }) => {
  for (const [from] of replace) expect(read(file).split(from)).toHaveLength(2);
});
