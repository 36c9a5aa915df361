import { type Configuration, ConnectClient } from '@friend-sync/connectors';
import { type KafkaAdmin, openKafkaAdmin } from './infrastructure/kafka/admin.ts';
import { createKafka, type KafkaClient } from './infrastructure/kafka/client.ts';
import type { Database } from './infrastructure/mysql/server/database.ts';
import { openReadReplica, openReplicas, openSourceDatabase, openTarget } from './infrastructure/mysql/store.ts';
import type { Logger } from './log.ts';

/** The servers of one system, as one process is connected to them: each when it is first asked for, and all closed together. */
export class Connections implements AsyncDisposable {
  readonly configuration: Configuration;
  readonly connect: ConnectClient;
  readonly #log: Logger;
  readonly #leaving: AbortSignal | undefined;
  readonly #opened = new Map<string, AsyncDisposable>();
  #kafka: KafkaClient | undefined;
  #replicas: readonly Database[] | undefined;

  /** Once `leaving` is aborted no server that does not answer is waited for; once `stopping` is, not Kafka Connect. */
  constructor(configuration: Configuration, log: Logger, leaving?: AbortSignal, stopping?: AbortSignal) {
    this.configuration = configuration;
    this.connect = new ConnectClient(configuration.settings.connect.url, stopping);
    this.#log = log;
    this.#leaving = leaving;
  }

  /** The user database. */
  get source(): Database {
    return this.#once('source', () => openSourceDatabase(this.configuration, this.#leaving));
  }

  /** What rows are read from: the user database, or the replica that `source.reads` names. */
  get reads(): Database {
    const { reads } = this.configuration.settings.source;
    if (!reads) return this.source;
    return this.#once('reads', () => openReadReplica(this.configuration, reads, this.#leaving));
  }

  /** The friend database. */
  get target(): Database {
    return this.#once('target', () => openTarget(this.configuration, this.#leaving));
  }

  /** Those of the friend server that the brake watches, in the order of the settings. */
  get replicas(): readonly Database[] {
    this.#replicas ??= openReplicas(this.configuration, this.#leaving).map((replica, i) =>
      this.#once(`replica ${i}`, () => replica),
    );
    return this.#replicas;
  }

  get kafka(): KafkaClient {
    this.#kafka ??= createKafka(this.configuration.settings.kafka, this.#log);
    return this.#kafka;
  }

  get admin(): KafkaAdmin {
    return this.#once('admin', () => openKafkaAdmin(this.kafka, this.#leaving));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#opened.values()].map((one) => one[Symbol.asyncDispose]()));
  }

  #once<T extends AsyncDisposable>(name: string, open: () => T): T {
    const opened = (this.#opened.get(name) as T | undefined) ?? open();
    this.#opened.set(name, opened);
    return opened;
  }
}
