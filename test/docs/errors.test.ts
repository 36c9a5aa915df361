import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { POLICY } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';

const ERRORS = readFileSync(fileURLToPath(new URL('../../docs/ERRORS.md', import.meta.url)), 'utf8');
const sections = ERRORS.split(/^## /m).slice(1);

test('every kind has its section, and every section a kind', () => {
  expect(sections.map((section) => section.split('\n')[0])).toEqual(Object.keys(POLICY));
});

test.each(Object.entries(POLICY))('%s: its directive and its hint are the code’s', (kind, { directive, hint }) => {
  const section = sections.find((text) => text.startsWith(`${kind}\n`));
  expect(section).toContain(`**${directive}**`);
  expect(section?.replace(/\s+/g, ' ')).toContain(hint ? `> ${hint}` : 'no hint');
  for (const part of ['**Meaning.**', '**The service**', '**The operator**']) expect(section).toContain(part);
});
