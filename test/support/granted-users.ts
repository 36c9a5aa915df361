import { type Configuration, renderGrants } from '@friend-sync/connectors';
import type { FriendServer } from './friend-server.ts';

/** The configuration with users that have no more rights than `friend-sync grants` prints; without late copies. */
export async function withGrants({ configuration, user, friend, friendDb }: FriendServer): Promise<Configuration> {
  const { settings } = configuration;
  const as = {
    ...configuration,
    settings: {
      ...settings,
      source: { ...settings.source, user: `s${friendDb}` },
      target: { ...settings.target, user: `t${friendDb}` },
      lateCopies: { ...settings.lateCopies, enabled: false },
    },
  };
  await user.write('creating', `CREATE USER '${as.settings.source.user}'@'%'`);
  await friend.write('creating', `CREATE USER '${as.settings.target.user}'@'%'`);
  for (const { server, sql } of renderGrants(as)) await (server === 'source' ? user : friend).write('granting', sql);
  return as;
}

export async function dropUsers({ user, friend }: FriendServer, { settings }: Configuration): Promise<void> {
  await user.write('dropping', `DROP USER '${settings.source.user}'@'%'`);
  await friend.write('dropping', `DROP USER '${settings.target.user}'@'%'`);
}
