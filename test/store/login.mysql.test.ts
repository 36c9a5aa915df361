import { Secret } from '@friend-sync/connectors';
import { openSourceDatabase, openTarget } from '@friend-sync/sync-service';
import { expect, test } from 'vitest';
import { openFriendServer } from '../support/friend-server.ts';
import { TABLES } from '../support/tables.ts';

test.each([
  ['source', 'contract_broken', openSourceDatabase],
  ['target', 'store_misconfigured', openTarget],
] as const)(
  'a password of the %s that is wrong, or was forgotten, is told with user, server, setting and variable',
  async (part, kind, open) => {
    await using friendServer = await openFriendServer(TABLES);
    const { configuration } = friendServer;
    const { host, port } = configuration.settings[part];
    const asking = async (password: string) => {
      const server = { ...configuration.settings[part], user: 'nobody', password: new Secret(password) };
      await using database = open({ ...configuration, settings: { ...configuration.settings, [part]: server } });
      return await database
        .rows('asking', 'SELECT 1')
        .catch(({ kind, message, policy }) => ({ kind, message, hint: policy.hint }));
    };
    const message = expect.stringContaining(`: ${host}:${port} has rejected the user nobody or its password`);
    const variable = `FRIEND_SYNC_${part.toUpperCase()}__PASSWORD`;
    const rest = '; friend-sync grants prints the SQL that makes the user';
    expect(await asking('wrong')).toEqual({ kind, message, hint: `correct ${variable}, or ${part}.user${rest}` });
    expect(await asking('')).toEqual({ kind, message, hint: `no password was given, set ${variable}${rest}` });
  },
);
