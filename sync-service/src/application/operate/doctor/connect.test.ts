import { ConnectClient, type ConnectorStatus, connectorDefinitions, loadConfiguration } from '@friend-sync/connectors';
import { expect, test } from 'vitest';
import { lookAtCluster, lookAtConnectors, lookAtFormer } from './connect.ts';

const configuration = loadConfiguration({
  text: 'sources: [{ name: user, table: u.t, key: id, copies: [{ table: d.f, key: fk, set: { a: b } }] }]',
  file: 'f.yaml',
  env: {},
  overrides: { lateCopies: { enabled: false } },
});
const connectors = connectorDefinitions(configuration, () => []);
const [{ name, config } = { name: '', config: {} as Readonly<Record<string, string>> }] = connectors;
const PLUGINS = Object.entries(config).flatMap(([key, value]) => (/class|converter$|\.type$/.test(key) ? [value] : []));
const RUNS: ConnectorStatus = { state: 'RUNNING', tasks: [{ id: 0, state: 'RUNNING' }] };

interface Worker {
  readonly plugins?: readonly string[];
  readonly refuses?: { key: string; message: string }[];
  readonly config?: Record<string, string> | undefined;
  readonly status?: ConnectorStatus;
}

/** A worker on which everything is well, but for this. */
function look(worker: Worker) {
  const connect = Object.assign(new ConnectClient('http://127.0.0.1:1'), {
    plugins: async () => worker.plugins ?? PLUGINS,
    validate: async () => worker.refuses ?? [],
    config: async () => ('config' in worker ? worker.config : { ...config, name, 'friend.sync.mark': 'x' }),
    status: async () => worker.status ?? RUNS,
  });
  return lookAtConnectors(connect, connectors);
}

const refused = (key: string) => ({ refuses: [{ key, message: 'no' }] });
const paused = { state: 'PAUSED', tasks: [{ id: 0, state: 'PAUSED' }] };
const failed = { state: 'RUNNING', tasks: [{ id: 0, state: 'FAILED', trace: 'x\nCaused by: io.Bad: Access denied' }] };

test('case 83: of a connector that is as it should be doctor says nothing', async () => {
  expect(await look({})).toEqual([]);
});

test.each<[string, Worker, object]>([
  [
    'a plugin that is not there',
    { plugins: PLUGINS.filter((plugin) => !/apicurio/.test(plugin)) },
    {
      part: 'Kafka Connect, plugin io.apicurio.registry.utils.converter.AvroConverter',
      mend: expect.stringContaining('plugin.path'),
    },
  ],
  [
    'a worker without exactly-once support',
    refused('exactly.once.support'),
    {
      part: `connector ${name}, exactly.once.support`,
      mend: expect.stringContaining('exactly.once.source.support=enabled'),
    },
  ],
  [
    'a worker that allows no overrides',
    refused('producer.override.sasl.mechanism'),
    { mend: expect.stringContaining('connector.client.config.override.policy=All') },
  ],
  [
    'a worker that does not know the password',
    refused('database.user'),
    { part: `connector ${name}, database.user`, mend: expect.stringContaining("worker's environment") },
  ],
  [
    'a connector that is not there',
    { config: undefined },
    { part: `connector ${name}`, what: 'there is none', mend: 'friend-sync connectors apply' },
  ],
  [
    'a connector that sends other columns',
    { config: { ...config, 'column.include.list': 'u\\.t\\.id' } },
    {
      severity: 'warning',
      what: expect.stringContaining('column.include.list'),
      mend: expect.stringContaining('friend-sync connectors apply'),
    },
  ],
  [
    'a connector that is paused',
    { status: paused },
    { what: `connector ${name} or its task is PAUSED`, mend: expect.stringContaining('friend-sync connectors resume') },
  ],
  [
    'a task that has failed',
    { status: failed },
    { what: expect.stringContaining('io.Bad: Access denied'), mend: expect.stringContaining('restart') },
  ],
])('case 83: doctor finds %s', async (_name, worker, finding) => {
  expect(await look(worker)).toEqual([expect.objectContaining({ severity: 'error', ...finding })]);
});

test('case 83: doctor finds connectors of sources that are gone, and a worker that uses another Kafka', async () => {
  const former = 'friend-sync-source-former';
  const connect = Object.assign(new ConnectClient('http://127.0.0.1:1'), {
    names: async () => [name, former],
    config: async () => config,
    kafkaClusterId: async () => 'theirs',
  });
  expect(await lookAtFormer({ configuration, connect, store: { mark: 'x' } })).toMatchObject([
    { part: `connector ${former}`, mend: `friend-sync connectors delete ${former} --execute` },
  ]);
  expect(await lookAtCluster(configuration, connect, { clusterId: async () => 'theirs' })).toEqual([]);
  expect(await lookAtCluster(configuration, connect, { clusterId: async () => 'ours' })).toMatchObject([
    { severity: 'error', what: 'writes to the Kafka cluster theirs, and 127.0.0.1:9092 is ours' },
  ]);
});
