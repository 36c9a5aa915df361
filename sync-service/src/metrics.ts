import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { RecentWork } from './application/supervise/recent-work.ts';

/** Every metric of the service, in one place; names in the project's vocabulary, units in the names, no row values as labels. */
export class Metrics {
  readonly registry = new Registry();
  /** The same of the last minute, for whoever looks without a monitoring system. */
  readonly recent = new RecentWork();
  readonly messages = this.#counter('friend_sync_messages_total', 'messages stored, by topic', ['topic']);
  readonly marks = this.#counter('friend_sync_marks_total', 'keys marked pending by ingest', ['source']);
  readonly copiesWritten = this.#counter(
    'friend_sync_copies_written_total',
    'copies that differed and were made equal',
    [],
  );
  readonly postponed = this.#counter('friend_sync_postponed_total', 'keys whose fan-out failed and is tried again', [
    'source',
    'kind',
  ]);
  readonly deadLetters = this.#counter('friend_sync_dead_letters_total', 'messages that could not be decoded', [
    'topic',
  ]);
  readonly rebalances = this.#counter('friend_sync_rebalances_total', 'times the consumer joined its group', []);
  readonly drift = this.#counter(
    'friend_sync_drifted_keys_total',
    'keys whose copies the patrol found differing from the mirror unawares, late copies included that it met first',
    ['source'],
  );
  readonly lateCopies = this.#counter(
    'friend_sync_late_copies_total',
    'keys marked because a copy was written with an old value',
    ['source'],
  );
  readonly rowsRead = this.#counter('friend_sync_rows_read_total', 'source rows read, by purpose', [
    'source',
    'purpose',
  ]);
  readonly suspects = this.#counter(
    'friend_sync_suspects_total',
    'rows that were read and differed from the mirror, most of them because a change was on its way',
    ['source'],
  );
  readonly corrections = this.#counter(
    'friend_sync_corrections_total',
    'values that the stream had told wrong or not at all, and the source row mended',
    ['source', 'table', 'column', 'cause'],
  );
  readonly parked = new Gauge({
    name: 'friend_sync_parked_keys',
    help: 'keys whose fan-out a target refuses, counted now and then, over all daemons',
    labelNames: ['source'],
    registers: [this.registry],
  });
  readonly trusted = new Gauge({
    name: 'friend_sync_stream_trusted',
    help: '1 while the values of the stream are used, 0 while rows are read instead',
    labelNames: ['source'],
    registers: [this.registry],
  });
  readonly roundAge = new Gauge({
    name: 'friend_sync_round_age_seconds',
    help: 'since the last whole round over a source ended; -1: none has',
    labelNames: ['source'],
    registers: [this.registry],
  });
  /** For alarms; set anew at each scrape. */
  readonly trouble = new Gauge({
    name: 'friend_sync_trouble',
    help: 'parts of the service that are in trouble, by kind',
    labelNames: ['kind'],
    registers: [this.registry],
  });
  readonly ready = this.#gauge('friend_sync_ready', '1 while consuming and nothing is in trouble');
  readonly braked = this.#gauge('friend_sync_braked', '1 while fan-out waits for the brake');
  readonly appliedSeconds = new Histogram({
    name: 'friend_sync_applied_seconds',
    help: 'from the commit in the user database to the commit of the copies',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
    registers: [this.registry],
  });

  #counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name, help, registers: [this.registry] });
  }
}
