import { setFlagsFromString } from 'node:v8';
import { createLogger } from '@friend-sync/sync-service';
import type { Command } from 'commander';
import type { Load } from '../context.ts';
import { EXIT } from '../exit.ts';

const STOP_MS = 10_000;
/**
 * Node lets its heap double before it looks for garbage, and a round makes much of it: 340 MB resident in a
 * first load, a quarter of that in use. With this it is 210 MB, and no slower (docs/results.md).
 */
const SMALL_HEAP = '--heap-growing-percent=50';

/** `friend-sync start`: the daemon in the foreground, until a signal. */
export function addStart(program: Command, load: Load): void {
  program
    .command('start')
    .description('run the daemon in the foreground; logs are JSON lines on stderr')
    .action(async () => {
      setFlagsFromString(SMALL_HEAP);
      const { configuration } = load();
      const log = createLogger(configuration.settings.log.level);
      let stop = async () => {};
      // kafkajs restarts itself in promises that nobody awaits: what escapes there must not leave an idle process.
      process.on('unhandledRejection', (err) => {
        log.fatal({ err }, 'unhandled rejection');
        process.exit(EXIT.failed);
      });
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        process.once(signal, () => {
          log.info({ signal }, 'stopping');
          process.once(signal, () => process.exit(EXIT.failed));
          setTimeout(() => process.exit(EXIT.failed), STOP_MS).unref();
          stop().then(
            () => process.exit(EXIT.done),
            () => process.exit(EXIT.failed),
          );
        });
      }
      log.info('starting');
      // Half of what there is to load is the daemon's alone: other commands start without it.
      const { createSyncService } = await import('@friend-sync/sync-service/daemon');
      let onMade = () => {};
      const create = () => createSyncService({ configuration, log, onMade: () => onMade() });
      let service = create();
      stop = () => service.stop();
      // Until a signal ends the process.
      for (;;) {
        const made = new Promise<void>((resolve) => {
          onMade = resolve;
        });
        await service.start();
        log.info({ host: configuration.settings.admin.host, port: service.adminPort }, 'started');
        await made;
        log.info('a source that was left out can be followed now: beginning anew with it');
        await service.stop();
        service = create();
      }
    });
}
