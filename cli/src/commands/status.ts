import { type ConnectorStatus, connectorNames, isRunning } from '@friend-sync/connectors';
import type { Operations, RoundReport } from '@friend-sync/sync-service';
import type { Command } from 'commander';
import { type Load, withOperations } from '../context.ts';
import { EXIT, explain } from '../exit.ts';
import { print, printJson, printTable, talk } from '../output.ts';
import { describeRound } from '../round.ts';

/** `friend-sync status`: connector, lag, waiting keys, and what halts ingest for good. A server that does not answer hides nothing of the others. */
export function addStatus(program: Command, load: Load): void {
  program
    .command('status')
    .description(
      'connector state, lag per partition, keys that wait and why, rounds over the sources, trust; exit 1 if a source stands still',
    )
    .action(async () => {
      const { configuration, json } = load();
      const names = connectorNames(configuration);
      const [connectors, progress, keys, rounds, distrusted, lost] = await withOperations(
        configuration,
        (operations: Operations) =>
          Promise.all([
            part(() =>
              Promise.all(names.map(async (name) => ({ name, status: await operations.connect.status(name) }))),
            ),
            part(() => operations.progress()),
            part(() => operations.keys()),
            part(() => operations.rounds()),
            part(() => operations.distrusted()),
            part(() => operations.historyLost()),
          ]),
      );
      if ([connectors, progress, keys, rounds, distrusted, lost].some((p) => 'error' in p))
        process.exitCode = EXIT.temporary;
      else if (standsStill(connectors, lost)) process.exitCode = EXIT.failed;
      const historyLost =
        'error' in lost ? lost : { value: Object.fromEntries([...lost.value].map(([name, e]) => [name, e.message])) };
      if (json) return printJson({ connectors, progress, keys, rounds, distrusted, historyLost });

      if ('error' in lost) print(`user database: ${lost.error}`);
      else
        for (const [source, error] of lost.value)
          print(`source ${source} cannot be followed: ${explain(error).message}`);

      if ('error' in connectors) print(`connectors: ${connectors.error}`);
      else for (const { name, status } of connectors.value) print(`connector ${name}: ${stateOf(status)}`);
      print('');
      if ('error' in progress) print(`offsets: ${progress.error}`);
      else
        printTable(
          ['TOPIC', 'PARTITION', 'CURRENT-OFFSET', 'LOG-END-OFFSET', 'LAG'],
          progress.value.map((p) => [p.topic, p.partition, p.nextOffset, p.endOffset, p.lag]),
        );
      print('');
      if ('error' in keys) print(`keys: ${keys.error}`);
      else
        printTable(
          ['SOURCE', 'PENDING', 'PARKED', 'DUE', 'INCOMPLETE'],
          Object.entries(keys.value).map(([source, n]) => [source, n.pending, n.parked, n.due, n.incomplete]),
        );
      print('');
      if ('error' in rounds) print(`rounds: ${rounds.error}`);
      else for (const [source, report] of Object.entries(rounds.value)) print(`${source}: ${describe(report)}`);
      if ('error' in distrusted) print(`streams: ${distrusted.error}`);
      else
        for (const [source, causes] of Object.entries(distrusted.value))
          for (const { since, reason } of causes)
            talk(`the stream of ${source} is not trusted since ${since} UTC, rows are read instead: ${reason}`);
    });
}

/** A source's changes do not come: be it that the rest is as it should be, nothing new would be applied. */
function standsStill(
  connectors: Part<readonly { status: ConnectorStatus | undefined }[]>,
  lost: Part<ReadonlyMap<string, unknown>>,
): boolean {
  if ('error' in connectors || 'error' in lost) return false;
  return lost.value.size > 0 || connectors.value.some(({ status }) => !isRunning(status));
}

function stateOf(status: ConnectorStatus | undefined): string {
  if (!status) return 'not created';
  return `${status.state}, tasks ${status.tasks.map(({ state }) => state).join(', ') || 'none'}`;
}

function describe(report: RoundReport): string {
  const { lastEndedAt, lastDurationMs, lastRowCount, lastCorrectedKeys, goneKeys, leg } = report;
  const last =
    lastEndedAt === undefined
      ? 'no round has ended yet'
      : `last round ended ${lastEndedAt} UTC, took ${(lastDurationMs / 1000).toFixed(1)} s, ${lastRowCount} rows, ${lastCorrectedKeys} keys corrected`;
  const now = leg === undefined ? '' : `; under way: ${leg}, ${describeRound(report)}`;
  const gone = goneKeys > 0 ? `; ${goneKeys} rows are gone unheard of: friend-sync gone` : '';
  return last + now + gone;
}

type Part<T> = { readonly value: T } | { readonly error: string };

async function part<T>(read: () => Promise<T>): Promise<Part<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    return { error: explain(error).message };
  }
}
