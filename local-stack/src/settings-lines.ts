import type { Stack } from './stack.ts';

type Addresses = Pick<Stack, 'userMysql' | 'friendMysql' | 'kafkaBrokers' | 'registryUrl' | 'connectUrl'>;

/** The `settings:` of a configuration file with which friend-sync finds these servers, to be pasted. */
export function settingsOf({ userMysql, friendMysql, kafkaBrokers, registryUrl, connectUrl }: Addresses): string {
  return `settings:
  source: { host: ${userMysql.host}, port: ${userMysql.port} }
  target: { host: ${friendMysql.host}, port: ${friendMysql.port}, database: friend_db }
  kafka: { brokers: ["${kafkaBrokers}"] }
  registry: { url: "${registryUrl}" }
  connect: { url: "${connectUrl}" }`;
}

/** For a shell, the same and who may make users there: what `friend-sync init` and `up` go by. */
export function exportsOf(
  { userMysql, friendMysql, kafkaBrokers, registryUrl, connectUrl }: Addresses,
  userDatabase: string,
  friendDatabase: string,
): string {
  const url = ({ host, port, rootUser }: Addresses['userMysql'], database: string) =>
    `mysql://${rootUser}@${host}:${port}/${encodeURIComponent(database).replaceAll("'", '%27')}`;
  return Object.entries({
    USER_URL: url(userMysql, userDatabase),
    FRIEND_URL: url(friendMysql, friendDatabase),
    KAFKA__BROKERS: kafkaBrokers,
    REGISTRY__URL: registryUrl,
    CONNECT__URL: connectUrl,
  })
    .map(([name, value]) => `export FRIEND_SYNC_${name}='${value}'`)
    .join('\n');
}
