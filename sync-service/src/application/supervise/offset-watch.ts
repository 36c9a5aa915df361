import type { ChangeConsumer } from '../../infrastructure/kafka/consumer.ts';
import type { Store } from '../../infrastructure/mysql/store.ts';
import type { Logger } from '../../log.ts';
import { repeat } from './repeat.ts';

const INTERVAL_MS = 1_000;

/**
 * Follows rewinds while nothing arrives: an offset in the database that was set back (by `offsets reset`, or because
 * the database was restored) is read on from. While messages arrive, ingest's fence finds the same thing by itself.
 */
export function watchOffsets(store: Store, consumer: ChangeConsumer, log: Logger): AsyncDisposable {
  async function look(): Promise<void> {
    for (const { topic, partition, expectedOffset } of consumer.assignment()) {
      // A store that cannot be read is ingest's trouble to report.
      const consumed = await store.consumed.read(store.database, topic, partition).catch(() => undefined);
      if (consumed === undefined || consumed.nextOffset >= expectedOffset) continue;
      log.info(
        { topic, partition, from: expectedOffset, to: consumed.nextOffset },
        'the offset was set back; reading again',
      );
      consumer.seek(topic, partition, consumed.nextOffset);
    }
  }

  return repeat(INTERVAL_MS, look);
}
