import type { MysqlAddress } from './stack.ts';

/** Makes a local MySQL server, once it starts, a replica of another one, which offers no TLS; `more`: further options. */
export function replicationFrom({ host, port }: Pick<MysqlAddress, 'host' | 'port'>, more = ''): string {
  return `CHANGE REPLICATION SOURCE TO SOURCE_HOST = '${host}', SOURCE_PORT = ${port}, SOURCE_USER = 'root',
    SOURCE_AUTO_POSITION = 1, SOURCE_SSL = 0, GET_SOURCE_PUBLIC_KEY = 1${more && `, ${more}`}`;
}
