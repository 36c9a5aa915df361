import { z } from 'zod';
import { secretSchema } from './secret.ts';

/** A number; from the environment it comes as digits. `why`: what is wrong with one that is out of its bounds. */
const integer = (min: number, max = Number.MAX_SAFE_INTEGER, why?: string) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value),
    z.number().int().min(min, why).max(max, why),
  );
/** A list; from the environment it comes as one text. */
const splitList = (value: unknown) => (typeof value === 'string' ? value.split(',').map((s) => s.trim()) : value);
const port = integer(1, 65_535);
const positive = integer(1);
/** A timer that is set for longer than 24 days goes off at once, and again and again. */
const seconds = integer(1, 86_400 * 7, 'is not between 1 and 604800 (a week)');
const name = z.string().min(1);
const topicPrefix = name.regex(/^[A-Za-z0-9._-]{1,80}$/);
/** Debezium mends its first character alone. */
const topicPrefixInAvro = topicPrefix.regex(
  /^[^.]+(\.[^.\d][^.]*)*$/,
  'has a part that is empty or begins with a digit, which no name in Avro may have',
);
const boolean = z.union([z.boolean(), z.stringbool()], 'is neither true nor false');
const tls = boolean.default(false).describe('connect with TLS, verifying the server with the system certificates');
/** Addresses are printed and logged, so they hold no password. */
const url = z.url({ protocol: /^https?$/ }).refine((text) => !/\/\/[^/]*@/.test(text), 'contains a user or password');
/** Connect shows its configuration to everyone who can reach it, so it gets references only. */
const reference = name.refine((text) => /\$\{[^}]+\}/.test(text), 'is no reference of the form ${provider:name}');
const password = secretSchema.describe('from the environment only');

const server = {
  host: name.default('127.0.0.1').describe('MySQL server'),
  port: port.default(3306).describe('its port'),
  user: name,
  password,
  tls,
};

/**
 * Connections and limits: the `settings:` part of the configuration file. Unknown keys are errors.
 * Each leaf may be overridden by the environment: `FRIEND_SYNC_` + the path in upper snake case,
 * `__` between levels (`FRIEND_SYNC_SOURCE__PASSWORD`; `…_FILE` reads the value from a file).
 */
export const settingsSchema = z
  .strictObject({
    source: z
      .strictObject({
        ...server,
        user: name.default('friend_sync_source').describe('replication user; see `friend-sync grants`'),
        connections: positive.default(4).describe('size of the connection pool'),
        reads: name
          .regex(/^[^:]+:\d+$/)
          .optional()
          .describe('a replica, host:port, where whole sources are read; unset: the server itself'),
      })
      .prefault({})
      .describe('the user database: only read, never locked'),
    target: z
      .strictObject({
        ...server,
        user: name.default('friend_sync').describe('user that writes the copies; see `friend-sync grants`'),
        database: name.optional().describe('schema of target tables that are named without one'),
        stateDatabase: name
          .regex(/^[A-Za-z0-9_]{1,64}$/)
          .default('friend_sync')
          .describe('schema of our own tables, on the same server as the copies'),
        connections: positive.default(8).describe('size of the connection pool'),
      })
      .prefault({})
      .describe('the friend database: holds the copies and our own tables'),
    kafka: z
      .strictObject({
        brokers: z
          .preprocess(splitList, z.array(name).min(1))
          .default(['127.0.0.1:9092'])
          .describe('bootstrap servers, host:port; in the environment with commas in between'),
        clientId: name.default('friend-sync').describe('name by which Kafka logs this client'),
        groupId: name.default('friend-sync').describe('consumer group; one for each target server'),
        tls,
        sasl: z
          .strictObject({
            mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).describe('how to log in to Kafka'),
            username: name.describe('user of Kafka'),
            password,
          })
          .optional(),
        topicPrefix: topicPrefixInAvro
          .default('friend-sync')
          .describe("Debezium's topic.prefix; never change it afterwards"),
        partitions: positive.default(6).describe('partitions of a change topic; never change it afterwards'),
        replicationFactor: positive.default(1).describe('replicas of each topic; 3 in production'),
        sessionTimeoutMs: integer(6_000, 1_800_000, 'is not between 6000 and 1800000, which is what Kafka takes')
          .default(30_000)
          .describe('a silent consumer loses its partitions after so long'),
      })
      .prefault({}),
    registry: z
      .strictObject({
        kind: z
          .enum(['apicurio', 'confluent'])
          .default('apicurio')
          .describe('whose API and converter it is; never change it afterwards'),
        url: url.default('http://127.0.0.1:8080').describe('base URL of the schema registry'),
        user: name.optional().describe('user of a Confluent registry that asks for one (basic authentication)'),
        password,
      })
      .refine(({ kind, user }) => kind === 'confluent' || user === undefined, {
        path: ['user'],
        error: 'is for kind: confluent alone',
      })
      .prefault({}),
    connect: z
      .strictObject({
        url: url.default('http://127.0.0.1:8083').describe('Kafka Connect REST'),
        connectorName: name
          .default('friend-sync-source')
          .describe("names the sources' connectors, each with a hyphen and its source's name"),
        sourcePassword: reference
          .default('${env:FRIEND_SYNC_SOURCE__PASSWORD}')
          .describe("how Connect finds the source password: a config provider's reference, never the password"),
        kafkaJaas: reference
          .default('${env:FRIEND_SYNC_KAFKA_JAAS}')
          .describe("how Connect finds sasl.jaas.config for the connector's own Kafka clients: a reference"),
        registryUserInfo: reference
          .default('${env:FRIEND_SYNC_REGISTRY_USER_INFO}')
          .describe('how Connect finds user:password of the registry, where registry.user is set: a reference'),
      })
      .prefault({}),
    ingest: z
      .strictObject({
        batchMessages: positive.default(5_000).describe('most messages of one ingest transaction'),
      })
      .prefault({}),
    fanOut: z
      .strictObject({
        workers: integer(1, 100, 'is not between 1 and 100: each takes a connection')
          .default(2)
          .describe('workers of one daemon'),
        claimKeys: integer(1, 10_000, 'is not between 1 and 10000: a worker must get through them in half of its lease')
          .default(5_000)
          .describe('most keys a worker claims at once'),
        chunkRows: positive.default(10_000).describe('most copies one transaction changes'),
        leaseMs: integer(
          1_000,
          3_600_000,
          'is not between 1000 and 3600000: a worker would give its keys up before it has written them, or keep them for hours after its end',
        )
          .default(30_000)
          .describe('a worker that is silent for so long loses its keys to another'),
        lockWaitSeconds: integer(1, 3_600, 'is not between 1 and 3600: ingest of the same keys waits as long')
          .default(1)
          .describe('innodb_lock_wait_timeout of fan-out'),
      })
      .prefault({}),
    brake: z
      .strictObject({
        rowsPerSecond: positive
          .optional()
          .describe('most copies that one daemon writes in a second; unset: as fast as it can'),
        threadsRunning: positive
          .default(50)
          .describe('fan-out waits while the friend server runs more statements at once'),
        replicas: z
          .preprocess(splitList, z.array(name.regex(/^[^:]+:\d+$/)))
          .default([])
          .describe('replicas of the friend server to watch, host:port; in the environment with commas in between'),
        replicaLagSeconds: positive.default(10).describe('fan-out waits while one of them is further behind'),
      })
      .prefault({})
      .describe('what keeps fan-out from hurting the friend server'),
    watch: z
      .strictObject({
        intervalSeconds: seconds
          .default(60)
          .describe('how often the daemon looks whether a topic is another one or the pipeline stands still'),
        healAfterSeconds: seconds
          .default(300)
          .describe(
            'a source whose connector cannot pass what lies before it, stands behind what was ingested, or misreads its keys, begins a new epoch by itself after so long',
          ),
      })
      .prefault({}),
    lateCopies: z
      .strictObject({
        enabled: boolean
          .default(true)
          .describe(
            'tail the target tables, so that a copy that is written with an old value is corrected within seconds',
          ),
        user: name
          .default('friend_sync_late_copies')
          .describe('replication user on the friend database; see `friend-sync grants`'),
        passwordReference: reference
          .default('${env:FRIEND_SYNC_LATE_COPIES_PASSWORD}')
          .describe("how Connect finds that user's password: a config provider's reference, never the password"),
        connectorName: name
          .default('friend-sync-late-copies')
          .describe('name of the connector that tails the target tables'),
        topicPrefix: topicPrefix
          .default('friend-sync-late-copies')
          .describe('topic.prefix of that connector; never change it afterwards'),
      })
      .prefault({}),
    reads: z
      .strictObject({
        proofPerSecond: integer(0)
          .default(200)
          .describe(
            'most keys a second, of those that the stream has just changed, that are read at their source as well; 0: none, ever',
          ),
        rowsPerSecond: positive
          .optional()
          .describe('most rows a second that a first load or a backfill reads; unset: as fast as it can'),
      })
      .prefault({})
      .describe('own reads of source rows'),
    patrol: z
      .strictObject({
        intervalSeconds: seconds
          .default(600)
          .describe('source, mirror and copies are compared with one another this often'),
        rowsPerSecond: positive.default(20_000).describe('most rows a second that it reads, or looks for, at a source'),
      })
      .prefault({}),
    admin: z
      .strictObject({
        host: name.default('127.0.0.1').describe('address the admin server listens on'),
        port: integer(0, 65_535).default(9464).describe('/livez /readyz /metrics; 0: any free port'),
      })
      .prefault({}),
    log: z
      .strictObject({
        level: z
          .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
          .default('info')
          .describe('least severe level that is logged'),
      })
      .prefault({}),
  })
  .describe('connections and limits');

export type Settings = z.output<typeof settingsSchema>;
