import { type Configuration, renderGrants, Secret, type Settings } from '@friend-sync/connectors';
import { SyncError } from '@friend-sync/sync-service';
import { expect } from 'vitest';
import { type DoctorParts, examine } from '../../sync-service/src/application/operate/doctor/examine.ts';
import type { Finding } from '../../sync-service/src/application/operate/doctor/findings.ts';
import { executeMigration } from '../../sync-service/src/infrastructure/mysql/state/migrate.ts';
import { openSourceDatabase, openTarget } from '../../sync-service/src/infrastructure/mysql/store.ts';
import { createSchema, type FriendServer, openFriendServer } from './friend-server.ts';
import { openServers } from './own-servers.ts';
import { TABLES } from './tables.ts';

/** Server, SQL; USER, FRIEND and STATE stand for the schemas, STATE_PATTERN for the last one in a GRANT, READER and WRITER for our users. */
export type Statement = readonly ['user' | 'friend', string];

/** What the operator reads of each finding, in one line: severity, part, what, mend. */
export type Told = readonly RegExp[];

const PASSWORD = 'doctor-password';
const USER_TABLES = [
  'CREATE TABLE account (id BIGINT PRIMARY KEY, nick VARCHAR(64), avatar VARCHAR(255), phone VARCHAR(20), parent BIGINT, KEY (nick))',
  'CREATE TABLE other (id BIGINT PRIMARY KEY, nick VARCHAR(64))',
];
const away = () => Promise.reject(new SyncError('source_unavailable', 'away'));

/** Two MySQL servers of its own that may be made ill, with users that have exactly the grants that are printed; nothing else is there. */
export class Patient implements AsyncDisposable {
  readonly server: FriendServer;
  readonly configuration: Configuration;
  readonly #end: () => Promise<void>;
  readonly #journal: readonly string[];

  constructor(server: FriendServer, journal: readonly string[], end: () => Promise<void>) {
    const { settings } = server.configuration;
    const as = <S extends Settings['source'] | Settings['target']>(side: S, user: string) => ({
      ...side,
      user,
      password: new Secret(PASSWORD),
    });
    this.server = server;
    this.configuration = {
      ...server.configuration,
      settings: {
        ...settings,
        source: as(settings.source, 'reader'),
        target: as(settings.target, 'writer'),
        registry: { ...settings.registry, url: 'http://127.0.0.1:1' },
      },
    };
    this.#journal = journal;
    this.#end = end;
  }

  static async open(): Promise<Patient> {
    // Otherwise cascades are in the binary log, from 9.6 on.
    const servers = await openServers(['user-mysql', 'friend-mysql'], {
      mysqlArgs: ['--loose-innodb-native-foreign-keys=ON', '--binlog-ignore-db=unlogged'],
    });
    const server = await openFriendServer({ ...TABLES, ...servers, userTables: USER_TABLES });
    const { stateDatabase } = server.configuration.settings.target;
    const rows = await server.friend.rows(
      'journal',
      `SELECT created_at AS at FROM ${stateDatabase}.__drizzle_migrations`,
    );
    const journal = rows.map(({ at }) => String(at));
    const patient = new Patient(server, journal, async () => servers[Symbol.asyncDispose]());
    await patient.healRights();
    return patient;
  }

  async run(...statements: readonly Statement[]): Promise<void> {
    for (const [server, sql] of statements) await this.server[server].write('making it ill', this.named(sql));
  }

  named(text: string): string {
    const { userDb, friendDb, configuration } = this.server;
    const { stateDatabase } = configuration.settings.target;
    return text
      .replaceAll(/USER(?=[.`\\])/g, userDb)
      .replaceAll(/FRIEND(?=[.`\\])/g, friendDb)
      .replaceAll('STATE_PATTERN', stateDatabase.replaceAll('_', '\\_'))
      .replaceAll('STATE', stateDatabase)
      .replaceAll('READER', "'reader'@'%'")
      .replaceAll('WRITER', "'writer'@'%'");
  }

  async healRights(): Promise<void> {
    for (const [server, account] of [
      ['user', 'READER'],
      ['friend', 'WRITER'],
      ['friend', "'friend_sync_late_copies'@'%'"],
    ] as const)
      await this.run(
        [server, `DROP USER IF EXISTS ${account}`],
        [server, `CREATE USER ${account} IDENTIFIED BY '${PASSWORD}'`],
      );
    for (const { server, sql } of renderGrants(this.configuration))
      await this.server[server === 'source' ? 'user' : 'friend'].write('granting', sql);
  }

  async healTables(): Promise<void> {
    const { user, friend, userDb, friendDb } = this.server;
    for (const [server, name, tables] of [
      [user, userDb, USER_TABLES],
      [friend, friendDb, TABLES.friendTables],
    ] as const) {
      await server.write('dropping', `DROP DATABASE ${name}`);
      await createSchema(server, name, tables);
    }
  }

  async healStore(): Promise<void> {
    const { friend, configuration, user, store } = this.server;
    const { stateDatabase } = configuration.settings.target;
    await friend.write('journal', `DELETE FROM ${stateDatabase}.__drizzle_migrations WHERE created_at NOT IN (?)`, [
      this.#journal,
    ]);
    await friend.write('daemons', `DELETE FROM ${stateDatabase}.daemon`);
    await friend.write('histories', `DELETE FROM ${stateDatabase}.server_state`);
    await store.pause.resume(store.database);
    await executeMigration(configuration, user, store.database);
  }

  /** What doctor finds besides notes, and besides that Kafka, Connect and the registry are not there. */
  async examine(configuration: Configuration = this.configuration): Promise<{ all: Finding[]; found: Finding[] }> {
    await using source = openSourceDatabase(configuration);
    await using target = openTarget(configuration);
    const admin = { clusterId: away } as unknown as DoctorParts['admin'];
    const connect = { names: away } as unknown as DoctorParts['connect'];
    const all = await examine({ configuration, source, target, replicas: new Map(), admin, connect });
    return {
      all,
      found: all.filter(
        ({ severity, part }) => severity !== 'note' && !/^(Kafka|Kafka Connect|schema registry) at /.test(part),
      ),
    };
  }

  /** Everything that is found is one of these, and each of these is found. */
  async expectFound(told: Told, configuration = this.configuration): Promise<void> {
    const { found } = await this.examine(configuration);
    const lines = found.map(({ severity, part, what, mend }) => `${severity}: ${part}: ${what} | ${mend}`);
    const wanted = told.map((one) => new RegExp(this.named(one.source), 's'));
    expect(lines.filter((line) => !wanted.some((one) => one.test(line)))).toEqual([]);
    expect(wanted.filter((one) => !lines.some((line) => one.test(line)))).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.#end();
  }
}
