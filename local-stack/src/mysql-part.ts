import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { cached, exists } from './cache.ts';
import type { MysqlPrograms } from './mysql-download.ts';
import type { Part, PartName } from './part.ts';
import { run } from './program.ts';

/** A MySQL server on 127.0.0.1 whose root has no password. Durability is MySQL's default: every commit is on disk. */
export function mysqlPart(name: PartName & `${string}-mysql`, programs: MysqlPrograms): Part {
  const { command, args } = programs.program('mysqld');
  const common = [
    ...args,
    '--no-defaults',
    ...programs.serverArgs,
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
  ];
  return {
    name,
    stopSignal: 'SIGTERM',

    async prepare({ dir, ports, performanceSchema, lowerCaseTableNames, mysqlArgs = [] }) {
      const naming = lowerCaseTableNames ? ['--lower-case-table-names=1'] : [];
      const data = join(dir, 'data');
      if (!(await exists(data))) {
        await mkdir(dir, { recursive: true });
        // Initialising takes seconds; a copy of an initialised folder does not. auto.cnf holds the server's identity.
        await cp(
          await emptyData([programs.version, ...naming].join(''), command, [...common, ...naming]),
          `${data}.new`,
          { recursive: true },
        );
        await rm(join(`${data}.new`, 'auto.cnf'), { force: true });
        await cp(`${data}.new`, data, { recursive: true });
        await rm(`${data}.new`, { recursive: true });
      }
      // Sockets have a short length limit, and everybody here comes by TCP.
      const socket = `/tmp/friend-sync-${ports[name]}.sock`;
      // A server that was killed leaves it, and the next one ends if the process that it names is still a zombie, or another's.
      await rm(`${socket}.lock`, { force: true });
      const server = [
        `--datadir=${data}`,
        `--port=${ports[name]}`,
        '--bind-address=127.0.0.1',
        `--socket=${socket}`,
        '--mysqlx=OFF',
        `--server-id=${name === 'user-mysql' ? 1 : 2}`,
        '--gtid-mode=ON',
        '--enforce-gtid-consistency=ON',
        // Nobody else looks whether the disk has altered a row of a binary log. Before 8.0.26 it has another name.
        '--loose-source-verify-checksum=ON',
        // All that connects is on this machine; connectors would prefer TLS, which costs a small JVM a third of its time.
        '--tls-version=',
        '--secure-file-priv=',
        `--performance-schema=${performanceSchema ? 'ON' : 'OFF'}`,
        ...mysqlArgs,
      ];
      return { command, args: [...common, ...naming, ...server] };
    },

    async isReady({ ports }) {
      try {
        const connection = await mysql.createConnection({
          host: '127.0.0.1',
          port: ports[name],
          user: 'root',
          connectTimeout: 1_000,
        });
        await connection.end();
        return true;
      } catch {
        return false;
      }
    },
  };
}

function emptyData(version: string, command: string, common: readonly string[]): Promise<string> {
  return cached(`mysql-data-${version}`, (folder) =>
    run(command, [...common, '--initialize-insecure', `--datadir=${folder}`]),
  );
}
