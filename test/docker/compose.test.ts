import { type Configuration, loadConfiguration, renderGrants } from '@friend-sync/connectors';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { EXIT } from '../../cli/src/exit.ts';
import { hasHealthcheck, isHere, readComposeFile, testOf, textOf } from './compose-file.ts';
import { propertiesOf, renderLocalParts } from './local-parts.ts';

const { services, secrets, volumes } = readComposeFile();
const named = (name: string) => services[name] ?? expect.unreachable(`there is no service ${name}`);
const configurationOf = (file: string): Configuration => loadConfiguration({ text: textOf(file), file, env: {} });
const configuration = configurationOf('docker/friend-sync.yaml');
const { settings } = configuration;

const PORTS = { 'user-mysql': 3306, 'friend-mysql': 3306, kafka: 9092, registry: 8080, connect: 8083 };
const local = await renderLocalParts(PORTS, 9093);

/** `kafka.log.dirs` as an image's environment has it. */
const variableOf = (property: string, prefix = '') => prefix + property.replace(/[.-]/g, '_').toUpperCase();
/** An address of local-stack, as it is between containers. */
const at = (text: string | undefined, host: string) => text?.replaceAll('127.0.0.1', host);

/** Our users of a MySQL server, each with the secret that is its password. */
const usersOf = ({ FRIEND_SYNC_USERS }: Record<string, string>): Record<string, string> =>
  Object.fromEntries(FRIEND_SYNC_USERS?.split(' ').map((user) => user.split('=')) ?? []);

test('what the file refers to exists', () => {
  for (const { depends_on, secrets: used, volumes: mounts, build } of Object.values(services)) {
    expect(Object.keys(services)).toEqual(expect.arrayContaining(Object.keys(depends_on)));
    expect(Object.keys(secrets)).toEqual(expect.arrayContaining(used));
    for (const from of mounts.map((mount) => mount.split(':')[0] ?? ''))
      expect(from.startsWith('./') ? isHere(from) : from in volumes, from).toBe(true);
    if (build) expect(isHere(build.dockerfile), build.dockerfile).toBe(true);
  }
  for (const { file } of Object.values(secrets)) expect(isHere(file), file).toBe(true);
});

test('a secret that is named in the environment is given to that service', () => {
  for (const { environment, secrets: used } of Object.values(services)) {
    const files = Object.values(environment).flatMap((value) => value.match(/^\/run\/secrets\/(.*)/)?.[1] ?? []);
    expect([...files, ...Object.values(usersOf(environment))].sort()).toEqual([...used].sort());
  }
});

test('whatever runs friend-sync is given both passwords: the daemon reads the user database, too', () => {
  for (const name of ['setup', 'sync-service', 'cli'])
    expect([...named(name).secrets].sort(), name).toEqual(['source-password', 'target-password']);
});

test('nobody waits for a health that a restart takes away, and each start ends the same way', () => {
  const conditions = Object.values(services).flatMap(({ depends_on }) => Object.entries(depends_on));
  for (const [name, { condition }] of conditions)
    expect(condition, name).toBe(named(name).restart ? 'service_started' : 'service_completed_successfully');
  for (const [name, service] of Object.entries(services))
    if (service.restart) expect(hasHealthcheck(service), name).toBe(true);
  const after = (name: string): string[] =>
    Object.keys(named(name).depends_on).flatMap((earlier) => [...after(earlier), earlier]);
  expect(new Set(after('sync-service'))).toEqual(
    new Set(['user-mysql', 'friend-mysql', 'kafka', 'registry-volume', 'registry', 'connect', 'setup']),
  );
});

test('the connectors are applied by the command line, after our tables', () => {
  const script = named('setup').command?.join(' ');
  expect(script).toMatch(/migrate --execute; status=\$\$\?\n.*status -gt 1 \] \|\| .*connectors apply/);
  expect(script).toContain(`$$status -eq ${EXIT.temporary} ] || exit`);
  // An operator's command does not apply them again: that would undo what the command before it did.
  expect(named('cli').depends_on).toEqual({});
});

test('what stays up has a log that does not grow without end', () => {
  for (const [name, { restart, logging }] of Object.entries(services)) if (restart) expect(logging, name).toBeDefined();
});

test("one's own servers take the place of the example's, and everything of ours has one's own files", () => {
  const override = parse(textOf('docker/own-servers.yml').replaceAll('!override', ''), { merge: true });
  const own = Object.entries(override.services as Record<string, { profiles?: string[]; volumes?: string[] }>);
  expect(own.flatMap(([name, { profiles }]) => (profiles ? name : []))).toEqual([
    'user-mysql',
    'friend-mysql',
    'kafka',
  ]);
  const file = named('cli').volumes[0]?.replace('./docker/', './');
  for (const name of ['setup', 'sync-service', 'cli']) expect(override.services[name].volumes, name).toEqual([file]);
  for (const { depends_on } of Object.values(services))
    for (const [name, { required }] of Object.entries(depends_on))
      expect(required, name).toBe(override.services[name]?.profiles ? false : undefined);
});

test('a command is not asked whether it is a daemon', () => {
  for (const name of ['setup', 'cli']) expect(named(name).healthcheck, name).toEqual({ disable: true });
});

test('each image of ours is built by one service, before every other that uses it', () => {
  const builders = Object.values(services).filter(({ build }) => build);
  expect(builders.map(({ image }) => image).sort()).toEqual(['friend-sync', 'friend-sync-connect']);
  for (const [name, { image, build, pull_policy }] of Object.entries(services))
    if (builders.some((builder) => builder.image === image))
      expect(pull_policy, name).toBe(build ? undefined : 'never');
});

test('images have the versions of pom.xml', () => {
  const version = (name: string) => textOf('pom.xml').match(`<${name}>(.*)</${name}>`)?.[1];
  expect(named('kafka').image).toBe(`apache/kafka:${version('kafka.version')}`);
  expect(named('registry').image).toBe(`apicurio/apicurio-registry:${version('registry.version')}`);
  for (const profile of ['kafka', 'connect-plugins'])
    expect(textOf('docker/connect.Dockerfile')).toContain(`mvn -B -q -P${profile} package -Dstack.output=/parts`);
});

test("Connect's worker is that of local-stack", () => {
  const ours = propertiesOf(textOf('docker/connect.properties'));
  expect(ours).toEqual({
    ...local.connect,
    'bootstrap.servers': at(local.connect['bootstrap.servers'], 'kafka'),
    listeners: at(local.connect.listeners, '0.0.0.0'),
    'rest.advertised.host.name': 'connect',
    'plugin.path': '/opt/connect/plugins',
  });
  expect(textOf('docker/log4j2.properties')).toBe(local.connectLogging);
  for (const path of ['kafka', 'plugins'])
    expect(textOf('docker/connect.Dockerfile')).toMatch(new RegExp(` /opt/connect/${path}$`, 'm'));
});

test("Kafka's settings are those of local-stack", () => {
  const expected = {
    ...local.kafka,
    'controller.quorum.voters': at(local.kafka['controller.quorum.voters'], 'kafka'),
    listeners: at(local.kafka.listeners, '0.0.0.0'),
    'advertised.listeners': at(local.kafka['advertised.listeners'], 'kafka'),
    'log.dirs': '/var/lib/kafka/data',
  };
  const { CLUSTER_ID, KAFKA_HEAP_OPTS, ...variables } = named('kafka').environment;
  expect(variables).toEqual(
    Object.fromEntries(Object.entries(expected).map(([name, value]) => [variableOf(name, 'KAFKA_'), value])),
  );
  expect(Buffer.from(CLUSTER_ID ?? '', 'base64')).toHaveLength(16);
  expect(KAFKA_HEAP_OPTS).toBeDefined();
  expect(named('kafka').volumes).toEqual(['kafka:/var/lib/kafka/data']);
});

test("the registry's settings are those of local-stack, and its schemas are in a volume", () => {
  const url = local.registry['apicurio.datasource.url']?.replace(/file:[^;]*/, 'file:/var/lib/registry/schemas');
  const expected = { ...local.registry, 'quarkus.http.host': '0.0.0.0', 'apicurio.datasource.url': url };
  expect(named('registry').environment).toEqual(
    Object.fromEntries(Object.entries(expected).map(([name, value]) => [variableOf(name), value])),
  );
  expect(named('registry').volumes).toEqual(['registry:/var/lib/registry']);
  expect(named('registry-volume').entrypoint).toEqual(['chown', named('registry').user, '/var/lib/registry']);
});

test('the MySQL servers have the options of local-stack', () => {
  const OF_THE_PLACE = /^--(no-defaults|user|datadir|port|bind-address|socket|secure-file-priv|tls-version)\b/;
  for (const name of ['user-mysql', 'friend-mysql'] as const) {
    const shared = local.mysql[name].filter((option) => !OF_THE_PLACE.test(option));
    expect([...(named(name).command ?? [])].sort(), name).toEqual(shared.sort());
  }
});

test('the configuration names the services at their ports', () => {
  const address = (name: keyof typeof PORTS) => `${name}:${PORTS[name]}`;
  expect({
    source: `${settings.source.host}:${settings.source.port}`,
    target: `${settings.target.host}:${settings.target.port}`,
    brokers: settings.kafka.brokers,
    registry: settings.registry.url,
    connect: settings.connect.url,
  }).toEqual({
    source: address('user-mysql'),
    target: address('friend-mysql'),
    brokers: [address('kafka')],
    registry: `http://${address('registry')}`,
    connect: `http://${address('connect')}`,
  });
});

test('the admin port is one everywhere', () => {
  const { host, port } = settings.admin;
  const dockerfile = textOf('docker/sync-service.Dockerfile');
  expect(host).toBe('0.0.0.0');
  expect(named('sync-service').ports).toEqual([`127.0.0.1:${port}:${port}`]);
  expect(testOf(named('sync-service').healthcheck)?.join(' ')).toContain(`127.0.0.1:${port}/readyz`);
  expect(dockerfile).toContain(`127.0.0.1:${port}/livez`);
  expect(dockerfile).toContain(`EXPOSE ${port}\n`);
});

test('the mapping is that of friend-sync.example.yaml', () => {
  expect(configuration.mapping).toEqual(configurationOf('friend-sync.example.yaml').mapping);
});

test('each MySQL server begins with our user and the grants that it needs, and no other', () => {
  for (const [server, name, file] of [
    ['source', 'user-mysql', 'docker/user-init.sql'],
    ['target', 'friend-mysql', 'docker/friend-init.sql'],
  ] as const) {
    const expected = renderGrants(configuration).filter((grant) => grant.server === server);
    const found = textOf(file).match(/^(GRANT|CREATE USER)\b.*$/gm);
    expect(found, file).toEqual(expected.map(({ sql }) => sql));
    const users = [...new Set(expected.map(({ sql }) => sql.match(/ TO '(.*)'@/)?.[1]))];
    expect(Object.keys(usersOf(named(name).environment)), name).toEqual(users);
    // Whose rights the init file makes last.
    expect(testOf(named(name).healthcheck)?.at(-1), name).toContain(` --user=${users.at(-1)} `);
    // A user of the image's own making would have other rights.
    expect(named(name).environment).not.toHaveProperty('MYSQL_USER');
  }
});

test('our containers write nothing but their memory, and may do nothing that a user may not', () => {
  const ours = Object.values(services).filter(({ image }) => image.startsWith('friend-sync'));
  for (const service of ours)
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
});

test('the image of the sync-service is built from every workspace, runs as no root, and is told where its file is', () => {
  const dockerfile = textOf('docker/sync-service.Dockerfile');
  const { workspaces } = JSON.parse(textOf('package.json')) as { workspaces: string[] };
  // npm ci compares the lock file with the manifest of every workspace.
  for (const workspace of workspaces) expect(dockerfile).toContain(`COPY ${workspace}/package.json ${workspace}/\n`);
  expect(dockerfile).toMatch(/^USER node$/m);
  expect(textOf('docker/connect.Dockerfile')).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
  const file = dockerfile.match(/FRIEND_SYNC_CONFIG=(\S+)/)?.[1];
  for (const name of ['setup', 'sync-service', 'cli'])
    expect(named(name).volumes).toEqual([`./docker/friend-sync.yaml:${file}:ro`]);
});

test('what the images are built from reaches the engine', () => {
  const allowed = textOf('.dockerignore')
    .split('\n')
    .flatMap((line) => line.match(/^!(.*)/)?.[1] ?? []);
  for (const file of ['docker/sync-service.Dockerfile', 'docker/connect.Dockerfile']) {
    const copied = [...textOf(file).matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(
      ([, from]) => from?.split(' ') ?? [],
    );
    for (const path of copied)
      expect(
        allowed.some((prefix) => path === prefix || path.startsWith(`${prefix}/`)),
        path,
      ).toBe(true);
  }
});
