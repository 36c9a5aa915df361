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
