import type { Settings } from '@friend-sync/connectors';
import { Kafka, type LogEntry, logLevel, type SASLOptions } from 'kafkajs';
import type { Level, Logger } from 'pino';
import { installCodecs } from './codecs.ts';
import { patchKafkajs } from './kafkajs-patches.ts';

/** Fields of a kafkajs log entry that are passed on. A list of what may, since a value of a row must never be logged. */
const LOGGED_FIELDS = ['groupId', 'memberId', 'topic', 'partition', 'broker', 'offset', 'retryCount', 'retryTime'];

/** What consumers, producers and administration of Kafka are made of. */
export type KafkaClient = Kafka;

/** The one way to a kafkajs client: patched, with every codec, logging to `log`. It connects to nothing yet. */
export function createKafka(settings: Settings['kafka'], log: Logger): KafkaClient {
  patchKafkajs();
  installCodecs();
  return new Kafka({
    clientId: settings.clientId,
    brokers: [...settings.brokers],
    ssl: settings.tls,
    ...(settings.sasl ? { sasl: saslOptions(settings.sasl) } : {}),
    connectionTimeout: 5_000,
    authenticationTimeout: 10_000,
    requestTimeout: 15_000,
    retry: { initialRetryTime: 200, multiplier: 2, factor: 0.2, maxRetryTime: 5_000, retries: 5 },
    logLevel: log.isLevelEnabled('trace') ? logLevel.DEBUG : logLevel.INFO,
    logCreator: () => (entry) => bridge(log, entry),
  });
}

function saslOptions(sasl: NonNullable<Settings['kafka']['sasl']>): SASLOptions {
  return { mechanism: sasl.mechanism, username: sasl.username, password: sasl.password.reveal() } as SASLOptions;
}

function bridge(log: Logger, { namespace, level, log: entry }: LogEntry): void {
  const fields: Record<string, unknown> = { namespace };
  for (const name of LOGGED_FIELDS) {
    if (entry[name] !== undefined) fields[name] = entry[name];
  }
  if (typeof entry.error === 'string') fields.error = entry.error;
  log[pinoLevel(level)](fields, entry.message);
}

/** One step quieter than kafkajs: it calls errors what it retries by itself; what matters our own code reports. */
function pinoLevel(level: logLevel): Level {
  if (level === logLevel.ERROR) return 'warn';
  if (level === logLevel.WARN) return 'info';
  return level === logLevel.INFO ? 'debug' : 'trace';
}
