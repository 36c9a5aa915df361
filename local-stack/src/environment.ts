import { homedir } from 'node:os';
import { join } from 'node:path';

// biome-ignore lint/style/noProcessEnv: the one place of this workspace that reads the environment
const env = process.env;

/** Where downloads are kept, for all stacks of this user. */
export const cacheDir: string =
  env.FRIEND_SYNC_CACHE ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'friend-sync');

/** A mysqld of the user's choice (MySQL 8.0.19 or newer). */
export const givenMysqld: string | undefined = env.FRIEND_SYNC_MYSQLD;

export const java: string = env.JAVA_HOME ? join(env.JAVA_HOME, 'bin', 'java') : 'java';

export const maven: string = env.FRIEND_SYNC_MVN ?? 'mvn';

/** For Connect, whose connectors refer to variables of these names. */
export const givenSecrets: Record<string, string> = Object.fromEntries(
  Object.entries(env).flatMap(([name, value]) => (name.startsWith('FRIEND_SYNC_') && value ? [[name, value]] : [])),
);

/** What the parts inherit: enough to find programs and homes, no settings of ours. */
export const inherited: Record<string, string> = Object.fromEntries(
  ['PATH', 'HOME', 'LANG', 'TMPDIR', 'JAVA_HOME'].flatMap((name) => (env[name] ? [[name, env[name]]] : [])),
);
