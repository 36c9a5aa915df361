import type { Operations, PatrolReport } from '@friend-sync/sync-service';
import type { Command } from 'commander';
import { type Load, withOperations } from '../context.ts';
import { EXIT, explain } from '../exit.ts';
import { print, printJson, printTable } from '../output.ts';

/** `friend-sync status`: connector, lag and pending keys. A server that does not answer hides nothing of the others. */
export function addStatus(program: Command, load: Load): void {
  program
    .command('status')
    .description('connector state, lag per partition, pending and parked keys, last round of the patrol')
    .action(async () => {
      const { configuration, json } = load();
      const name = configuration.settings.connect.connectorName;
      const [connector, progress, pending, patrol] = await withOperations(configuration, (operations: Operations) =>
        Promise.all([
          part(async () => (await operations.connect.status(name)) ?? null),
          part(() => operations.progress()),
          part(() => operations.pending()),
          part(() => operations.patrol()),
        ]),
      );
      if ([connector, progress, pending, patrol].some((p) => 'error' in p)) process.exitCode = EXIT.temporary;
      if (json) return printJson({ connector, progress, pending, patrol });

      const state =
        'error' in connector
          ? connector.error
          : connector.value
            ? `${connector.value.state}, tasks ${connector.value.tasks.map((t) => t.state).join(', ') || 'none'}`
            : 'not created';
      print(`connector ${name}: ${state}\n`);
      if ('error' in progress) print(`offsets: ${progress.error}`);
      else
        printTable(
          ['TOPIC', 'PARTITION', 'CURRENT-OFFSET', 'LOG-END-OFFSET', 'LAG'],
          progress.value.map((p) => [p.topic, p.partition, p.nextOffset, p.endOffset, p.lag]),
        );
      print('');
      if ('error' in pending) print(`keys: ${pending.error}`);
      else
        printTable(
          ['SOURCE', 'PENDING', 'PARKED'],
          Object.entries(pending.value).map(([source, n]) => [source, n.pending, n.parked]),
        );
      print(`\npatrol: ${'error' in patrol ? patrol.error : describe(patrol.value)}`);
    });
}

function describe({ endedAt, durationMs, driftedKeys }: PatrolReport): string {
  if (endedAt === undefined) return 'no round has ended yet';
  return `last round ended ${endedAt} UTC, took ${(durationMs / 1000).toFixed(1)} s, ${driftedKeys} keys had drifted`;
}

async function part<T>(read: () => Promise<T>): Promise<{ value: T } | { error: string }> {
  try {
    return { value: await read() };
  } catch (error) {
    return { error: explain(error).message };
  }
}
