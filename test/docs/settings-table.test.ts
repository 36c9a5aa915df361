import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeSettings, loadConfiguration } from '@friend-sync/connectors';
import { expect, test } from 'vitest';

const SETTINGS = fileURLToPath(new URL('../../docs/settings.md', import.meta.url));
/** The least that a file must hold: everything else has its default. */
const MINIMAL = 'sources: [{ name: a, table: d.t, key: id, copies: [{ table: e.u, key: k, set: { x: y } }] }]';
const NONE = ['', '[hidden]'];

test('the table of settings in docs/settings.md is that of the code', () => {
  const rows = readFileSync(SETTINGS, 'utf8')
    .split('\n')
    .filter((line) => /^\| `[\w.]+` \| `FRIEND_SYNC_/.test(line));
  const { settings } = loadConfiguration({ text: MINIMAL, file: 'minimal.yaml', env: {} });
  const wanted = describeSettings(settings).map(
    ({ path, variable, value, description }) =>
      `| \`${path}\` | \`${variable}\` | ${NONE.includes(value) ? '–' : `\`${value}\``} | ${description} |`,
  );
  expect(rows).toEqual(wanted);
});
