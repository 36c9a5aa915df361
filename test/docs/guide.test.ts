import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { GUIDE_COMMANDS } from '../support/guide.ts';

const GUIDE = fileURLToPath(new URL('../../docs/guide.md', import.meta.url));

test('docs/guide.md has its reader type what the end-to-end test types', () => {
  const typed = [...readFileSync(GUIDE, 'utf8').matchAll(/^\$ (.*)$/gm)].map(([, command]) => command);
  expect(typed).toEqual(GUIDE_COMMANDS);
});
