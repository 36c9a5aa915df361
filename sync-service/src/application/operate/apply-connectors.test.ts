import { loadConfiguration } from '@friend-sync/connectors';
import { expect, test } from 'vitest';
import { applyConnectors } from './apply-connectors.ts';
import type { EpochParts } from './epoch.ts';

test('connectors apply asks the schema registry first; where none answers it names the address and the setting, and does nothing', async () => {
  const configuration = loadConfiguration({
    text: 'sources: [{ name: user, table: u.t, key: id, copies: [{ table: d.f, key: fk, set: { a: b } }] }]',
    file: 'f.yaml',
    env: { FRIEND_SYNC_REGISTRY__URL: 'http://127.0.0.1:1' },
  });
  const parts = { configuration } as EpochParts;
  await expect(applyConnectors(parts, [], 1_000, () => {})).rejects.toMatchObject({
    kind: 'schema_unavailable',
    message: 'no schema registry answers at http://127.0.0.1:1 within 5 s; correct registry.url, or start it',
  });
});
