import { type Explanation, explainKey } from '@friend-sync/sync-service';
import type { Command } from 'commander';
import { sourcesOf } from '../arguments.ts';
import { type Load, withOperations } from '../context.ts';
import { EXIT } from '../exit.ts';
import { print, printJson, printTable } from '../output.ts';

const EXIT_CODES = { equal: EXIT.done, 'on its way': EXIT.done, 'to do': EXIT.failed, unreachable: EXIT.temporary };

/** `friend-sync explain`: why the copies of one row are as they are. */
export function addExplain(program: Command, load: Load): void {
  program
    .command('explain')
    .argument('<key>', 'the key of its row, as it is; one that begins with a hyphen behind --')
    .description(
      'why this one is stale, in a sentence, and what is known of it; exit 0 where its copies are equal or will be by themselves, 1 where somebody must do something',
    )
    .option('--source <name>', 'its source; may be left out where there is only one')
    .action(async (key: string, options: { source?: string }, command: Command) => {
      const { configuration, json } = load();
      const [source, another] = sourcesOf(
        configuration,
        options.source === undefined ? undefined : [options.source],
        command,
      );
      if (!source || another) return command.error('error: give --source: there are several');
      await withOperations(configuration, async (operations) => {
        const explanation = await explainKey(operations.servers, source, key).catch((error) => {
          if (error instanceof RangeError)
            command.error(`error: ${key} is no key of ${source.name}: its keys are whole numbers`);
          throw error;
        });
        process.exitCode = EXIT_CODES[explanation.verdict];
        if (json) return printJson(explanation);
        show(explanation);
      });
    });
}

function show({ sentence, facts }: Explanation): void {
  const { source, table, key, row, mirror, pending, due, copies, flow, deadLetters, unanswered } = facts;
  print(`${sentence}\n`);
  const lines: [string, string | undefined][] = [
    ['source', `${source}, ${table}, key ${key}`],
    ['its row', row === undefined ? undefined : row ? `there, values ${row.hash}` : 'there is none'],
    ['mirror', mirror === undefined ? undefined : mirror ? mirrorLine(mirror) : 'has no row of it'],
    ['pending', pending === undefined ? undefined : pending ? pendingLine(pending) : 'no'],
    ['due for a read', due === undefined ? undefined : due ? dueLine(due) : 'no'],
    ['daemons', flow && (flow.daemons.join(', ') || 'none runs')],
    ['fan-out', flow && (flow.pausedSince ? `paused since ${flow.pausedSince} UTC` : 'not paused')],
    ['followed', flow && (flow.historyLost ?? flow.connector ?? flow.behind ?? 'yes')],
    ['stream', flow && (flow.distrust.join('; ') || 'trusted')],
    ...(flow?.troubles ?? []).map(({ part, problem }): [string, string] => ['trouble', `${part}: ${problem}`]),
    ...deadLetters.map((one): [string, string] => [
      'dead letter',
      `partition ${one.partition}, offset ${one.offset}: ${one.reason}`,
    ]),
    ...unanswered.map(({ about, problem }): [string, string] => ['no answer', `${about}: ${problem}`]),
  ];
  for (const [name, value] of lines) print(`${`${name}:`.padEnd(16)}${value ?? 'not told'}`);
  if (copies.length === 0) return;
  print('');
  const head = ['COPY', 'COPIES', 'DIFFER', 'FROM MIRROR', 'COLUMNS', 'LOCKED', 'HELD'];
  const told = (value: unknown) => value ?? '?';
  const wrong = ({ differing, unsettled }: (typeof copies)[number]) =>
    differing === undefined ? undefined : differing + (unsettled ?? 0);
  printTable(
    head,
    copies.map((copy) => [
      copy.copy,
      told(copy.copies),
      told(wrong(copy)),
      told(copy.differFromMirror),
      copy.columns.join(', ') || '-',
      told(copy.locked),
      copy.held ?? '-',
    ]),
  );
}

function mirrorLine(mirror: NonNullable<Explanation['facts']['mirror']>): string {
  const { epoch, partition, offset, committedAtMs, unknown, differing, isEqual, isDeleted, hash } = mirror;
  const place = epoch === 0 ? 'read, no message heard' : `epoch ${epoch}, partition ${partition}, offset ${offset}`;
  const at = committedAtMs === null ? '' : `, committed ${new Date(committedAtMs).toISOString()}`;
  const equal = isEqual === undefined ? '' : isEqual ? ', equal to the source' : ', not equal to the source';
  const columns = differing?.length ? ` in ${differing.join(', ')}` : '';
  return `${isDeleted ? 'deleted' : `values ${hash}`}${equal}${columns}; ${place}${at}${unknown.length > 0 ? `; unknown: ${unknown.join(', ')}` : ''}`;
}

function pendingLine({ since, due, attempts, reason, waitsFor }: NonNullable<Explanation['facts']['pending']>): string {
  const parked = attempts > 0 ? `; parked after ${attempts} attempts, again at ${due} UTC: ${reason}` : '';
  return `since ${since} UTC${parked}${waitsFor === undefined ? '' : `; waits for ${waitsFor}`}`;
}

function dueLine({ since, attempts, isAgain, refused }: NonNullable<Explanation['facts']['due']>): string {
  const state = isAgain ? 'to be looked at once more' : `since ${since} UTC, ${attempts} looks`;
  return refused === undefined ? state : `${state}; refused: ${refused}`;
}
