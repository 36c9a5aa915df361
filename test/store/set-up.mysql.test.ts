import { type Configuration, type ConnectClient, connectorDefinitions, Secret } from '@friend-sync/connectors';
import {
  type Database,
  openSourceDatabase,
  openStore,
  openTarget,
  type PlannedStep,
  planChanges,
  setUp,
} from '@friend-sync/sync-service';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import type { Finding } from '../../sync-service/src/application/operate/doctor/findings.ts';
import { fingerprintsOf } from '../../sync-service/src/application/operate/fingerprints.ts';
import { ownTopics } from '../../sync-service/src/application/operate/own-names.ts';
import type { KafkaAdmin } from '../../sync-service/src/infrastructure/kafka/admin.ts';
import { executeMigration } from '../../sync-service/src/infrastructure/mysql/state/migrate.ts';
import { type FriendServer, openFriendServer } from '../support/friend-server.ts';
import { TABLES } from '../support/tables.ts';

const PASSWORD = 'pass"word\'';
const DEADLINE_MS = 60_000;
const isLoaded = { requests: 1n, servedRequests: 1n, isAsked: false, lastEndedAt: '2026-01-01' };

let server: FriendServer;
let configuration: Configuration;

/** Schemas with tables, and users that nobody has made. */
beforeEach(async () => {
  server = await openFriendServer(TABLES);
  const { settings } = server.configuration;
  const as = (user: string) => ({ user: `${user}${server.friendDb}`, password: new Secret(PASSWORD) });
  configuration = {
    ...server.configuration,
    settings: {
      ...settings,
      source: { ...settings.source, ...as('s') },
      target: { ...settings.target, ...as('t'), stateDatabase: `${server.friendDb}_new` },
      lateCopies: { ...settings.lateCopies, user: `l${server.friendDb}` },
    },
  };
});
afterEach(async () => {
  const { source, target, lateCopies } = configuration.settings;
  await server.user.write('dropping', `DROP USER IF EXISTS '${source.user}'@'%'`);
  for (const user of [target.user, lateCopies.user])
    await server.friend.write('dropping', `DROP USER IF EXISTS '${user}'@'%'`);
  await server.friend.write('dropping', `DROP DATABASE IF EXISTS ${target.stateDatabase}`);
  await server[Symbol.asyncDispose]();
});

const login = (of: 'userMysql' | 'friendMysql') => ({
  ...inject(of),
  user: 'root',
  password: new Secret(''),
  database: '',
});
const ROOT = { source: login('userMysql'), target: login('friendMysql'), lateCopiesPassword: new Secret(PASSWORD) };
const NOBODY = { source: undefined, target: undefined, lateCopiesPassword: undefined };

interface Options {
  readonly administrators?: typeof ROOT | typeof NOBODY;
  readonly findings?: () => Finding[];
  readonly onStep?: (step: PlannedStep) => void;
}

/** Kafka and Connect as they are after `connectors apply`, once it was called; a daemon that starts when it is asked for. */
function system() {
  let isApplied = false;
  let topics: string[] = [];
  return async ({ administrators = NOBODY, findings = () => [], onStep = () => {} }: Options) => {
    await using source = openSourceDatabase(configuration);
    await using target = openTarget(configuration);
    const definitions = connectorDefinitions(configuration, () => []);
    const config = async (name: string) => {
      const found = definitions.find((one) => one.name === name)?.config;
      return isApplied ? found && { ...found, 'schema.history.internal.kafka.topic': 'history' } : undefined;
    };
    const connect = { config, names: async () => definitions.map(({ name }) => name) } as unknown as ConnectClient;
    const admin = { topics: async () => topics } as unknown as KafkaAdmin;
    const servers = { configuration, source, target, admin, connect, readTopic: async () => {} };
    const shown: string[] = [];
    const doing = {
      servers,
      connect,
      store: () => openStore(configuration, target),
      executeMigration: () => executeMigration(configuration, source, target),
      async applyConnectors() {
        topics = ownTopics(configuration, await openStore(configuration, target)).map(({ topic }) => topic);
        isApplied = true;
      },
      backfill: async () => {},
      rounds: async () => ({ account: isLoaded }) as never,
      awaitRounds: async () => {},
      verify: async () => ({ copies: 7 }) as never,
    };
    const looks = {
      administrators,
      examine: async () => findings(),
      plan: () => planChanges(servers, async () => definitions),
    };
    const { verification } = await setUp(doing, looks, DEADLINE_MS, {
      onStep(step) {
        shown.push(step.kind);
        onStep(step);
        if (step.kind === 'daemons') void start(target);
      },
      mayDo: async () => true,
      onFindings: (found) => void shown.push(...found.map(({ part }) => part)),
      onProgress: undefined,
      onPart() {},
      onWait() {},
    });
    expect(verification).toEqual({ copies: 7 });
    return shown;
  };
}

async function start(target: Database): Promise<void> {
  const { daemons, database } = await openStore(configuration, target);
  const sources = fingerprintsOf(configuration.mapping);
  await daemons.beSeen(database, { state: 'consuming', troubles: [], sources });
}

const ALL = ['doctor', 'grants', 'migrate', 'connectors', 'daemons', 'verify'];

test('case 55: up has administrators make the users, does what is missing in its order, and passes over what is there', async () => {
  const up = system();
  expect(await up({ administrators: ROOT })).toEqual(ALL);
  expect(await up({})).toEqual(['doctor', 'verify']);
  const { lateCopies } = configuration.settings;
  const [grants] = await server.friend.rows('looking', `SHOW GRANTS FOR '${lateCopies.user}'@'%'`);
  expect(JSON.stringify(grants)).toContain('REPLICATION SLAVE');
});

const MAY_NOT = { ...ROOT, source: { ...ROOT.source, user: 'nobody' } };

test.each([
  ['without administrators', NOBODY],
  ['with one who is not let in', MAY_NOT],
])('case 55: %s up prints the SQL, and goes on once somebody has run it', async (_, administrators) => {
  let given = Promise.resolve();
  const run = async ({ commands }: PlannedStep) => {
    for (const sql of commands) {
      const on = sql.endsWith(' -- on the user database') ? server.user : server.friend;
      await on.write('giving', sql.replace("'…'", '?'), sql.includes("'…'") ? [PASSWORD] : []);
    }
  };
  const onStep = (step: PlannedStep) => {
    if (step.kind === 'grants') given = run(step);
  };
  const shown = await system()({ administrators, onStep });
  await given;
  // Somebody may be looked at while half of it is run.
  expect(shown.filter((kind, i) => kind !== 'grants' || i === 1)).toEqual(ALL);
});

test('case 55: what doctor finds and no step mends is told once, and awaited; what a step mends is not', async () => {
  const finding = (part: string, more: Partial<Finding>): Finding => {
    return { severity: 'error', part, what: 'is off', why: '', mend: '', ...more };
  };
  let looks = 0;
  const findings = () => [
    ...(++looks < 4 ? [finding('gtid_mode', {})] : []),
    finding('no topic', { fix: { kind: 'connectors' } }),
    finding('a setting', { severity: 'warning' }),
  ];
  const [doctor, grants, ...rest] = ALL;
  const told = await system()({ administrators: ROOT, findings });
  expect(told).toEqual([doctor, grants, 'gtid_mode', 'a setting', ...rest]);
  expect(looks).toBe(4);
});
