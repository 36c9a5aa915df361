import { changeTopic, deadLetterTopic, type SourceMapping } from '@friend-sync/connectors';
import {
  isMeant,
  type ListedLetter,
  type Operations,
  planPurge,
  planReplay,
  purgeLetters,
  replayLetters,
} from '@friend-sync/sync-service';
import type { Command } from 'commander';
import { momentOf, sourcesOf } from '../arguments.ts';
import { type Load, withOperations } from '../context.ts';
import { print, printJson, printTable, talk } from '../output.ts';

interface FilterOptions {
  readonly source?: string[] | undefined;
  readonly key?: string[];
  readonly reason?: string;
  readonly since?: string;
  readonly until?: string;
}

const LIST_EXAMPLES = `
Examples:
  friend-sync dead-letters list --since 2026-01-31T00:00:00Z --reason 'do not fit schema'
  friend-sync dead-letters show --key 42`;
const REPLAY_HELP = `
Rows are read at their source, where they are as they are now: nothing in a dead letter is written. A key whose letters have
been replayed is left alone, and so is one that has died again for the same reason: look for who writes such messages.`;
const PURGE_HELP = `
Kafka deletes the beginning of a topic and no single message, so there is no filter by key or reason. Copies stay as they are.
By themselves dead letters go after the topic's retention.ms.`;

/** `friend-sync dead-letters …`: messages that could not be decoded. */
export function addDeadLetters(program: Command, load: Load): void {
  const group = program.command('dead-letters').description('messages that could not be decoded');
  for (const add of [addList, addShow, addReplay, addPurge]) add(group, load);
}

function addList(group: Command, load: Load): void {
  filtered(group.command('list'))
    .description('which they are, and why; never what is in them')
    .addHelpText('after', LIST_EXAMPLES)
    .action(async (options: FilterOptions, command: Command) => {
      const { configuration, json } = load();
      await withOperations(configuration, async (operations) => {
        const letters = (await find(operations, options, command)).flatMap((one) => one.letters);
        if (json) return printJson(letters);
        printTable(
          ['SOURCE', 'PARTITION', 'OFFSET', 'KEY', 'AT', 'STATE', 'REASON'],
          letters.map((l) => [l.source, l.partition, l.offset, l.key ?? '-', l.at.toISOString(), l.state, l.reason]),
        );
      });
    });
}

function addShow(group: Command, load: Load): void {
  filtered(group.command('show [place]'))
    .description('all that is known of them, or of that at partition:offset of its change topic, but no value')
    .addHelpText('after', LIST_EXAMPLES)
    .action(async (place: string | undefined, options: FilterOptions, command: Command) => {
      const { configuration, json } = load();
      await withOperations(configuration, async (operations) => {
        const found = await find(operations, options, command);
        const isThere = ({ partition, offset }: ListedLetter) =>
          place === undefined || place === `${partition}:${offset}`;
        const shown = found.flatMap(({ source, letters }) =>
          letters.filter(isThere).map((letter) => detailsOf(operations, source, letter)),
        );
        if (json) return printJson(shown);
        for (const details of shown)
          print(
            `${Object.entries(details)
              .map(([name, value]) => `${`${name}:`.padEnd(13)}${value}`)
              .join('\n')}\n`,
          );
        if (shown.length === 0) talk('no dead letter is that');
      });
    });
}

function addReplay(group: Command, load: Load): void {
  filtered(group.command('replay'))
    .description('read the source rows of their keys again; an old dead letter changes nothing')
    .option('--again', 'also of keys that were replayed for the same reason before')
    .option('--execute', 'do it; without, only show it')
    .addHelpText('after', REPLAY_HELP)
    .action(async (options: FilterOptions & { again?: boolean; execute?: boolean }, command: Command) => {
      const { again = false, execute = false } = options;
      const { configuration, json } = load();
      await withOperations(configuration, async (operations) => {
        const found = await find(operations, options, command);
        const plans = found.map(({ source, letters }) => ({ source, plan: planReplay(letters, again) }));
        const { settings } = configuration;
        const parts = {
          settings,
          admin: operations.servers.admin,
          requestReads: operations.requestReads.bind(operations),
        };
        if (execute) for (const { source, plan } of plans) await replayLetters(parts, source, plan);
        const rows = plans.map(({ source, plan: { letters, ...counts } }) => ({
          source: source.name,
          keys: new Set(letters.map(({ key }) => key)).size,
          ...counts,
        }));
        if (json) return printJson({ sources: rows, executed: execute });
        printTable(
          ['SOURCE', 'KEYS', 'WITHOUT-KEY', 'REPLAYED-BEFORE', 'DIED-AGAIN'],
          rows.map((row) => [row.source, row.keys, row.withoutKey, row.replayed, row.diedAgain]),
        );
        talk(
          execute
            ? 'the daemon reads these rows; friend-sync status shows what is left'
            : 'nothing was changed; add --execute to do it. What has no readable key needs backfill --all',
        );
      });
    });
}

function addPurge(group: Command, load: Load): void {
  group
    .command('purge')
    .description('delete the oldest dead letters from Kafka, for good')
    .option('--source <name...>', 'only of these sources')
    .option('--until <iso>', 'those that came before this moment, e.g. 2026-01-31T12:00:00Z')
    .option('--all', 'all that there are now')
    .option('--execute', 'do it; without, only show it')
    .addHelpText('after', PURGE_HELP)
    .action(async (options: FilterOptions & { all?: boolean; execute?: boolean }, command: Command) => {
      const { all = false, execute = false, until } = options;
      if (all === (until !== undefined)) command.error('error: give either --until or --all');
      const untilMs = until === undefined ? Number.POSITIVE_INFINITY : momentOf('--until', until, command);
      const { configuration, json } = load();
      await withOperations(configuration, async (operations) => {
        const found = await find(operations, { source: options.source }, command);
        const plans = found.map(({ source, letters }) => ({ source, plan: planPurge(letters, untilMs) }));
        const parts = { settings: configuration.settings, admin: operations.servers.admin };
        if (execute) for (const { source, plan } of plans) await purgeLetters(parts, source, plan);
        const rows = plans.map(({ source, plan: { letters, left } }) => ({ source: source.name, letters, left }));
        if (json) return printJson({ sources: rows, executed: execute });
        printTable(
          ['SOURCE', 'LETTERS', 'OLDER-BUT-LEFT'],
          rows.map((row) => [row.source, row.letters, row.left]),
        );
        talk(execute ? 'deleted' : 'nothing was changed; add --execute to delete them');
      });
    });
}

function filtered(command: Command): Command {
  return command
    .option('--source <name...>', 'only these sources')
    .option('--key <key...>', 'only these keys, each as it is')
    .option('--reason <text>', 'only those whose reason has this in it')
    .option('--since <iso>', 'only from this moment on, e.g. 2026-01-31T12:00:00Z')
    .option('--until <iso>', 'only before this moment');
}

/** Those that are meant, by source. */
function find(
  operations: Operations,
  { source: names, key, reason, since, until }: FilterOptions,
  command: Command,
): Promise<{ source: SourceMapping; letters: ListedLetter[] }[]> {
  const filter = {
    keys: key,
    reason,
    sinceMs: since === undefined ? undefined : momentOf('--since', since, command),
    untilMs: until === undefined ? undefined : momentOf('--until', until, command),
  };
  const sources = sourcesOf(operations.configuration, names, command);
  return Promise.all(
    sources.map(async (source) => {
      const letters = await operations.deadLetters(source);
      return { source, letters: letters.filter((letter) => isMeant(letter, filter)) };
    }),
  );
}

function detailsOf(operations: Operations, source: SourceMapping, letter: ListedLetter) {
  const { table, key: column } = source;
  const topic = changeTopic(operations.configuration.settings, source);
  const { partition, offset, stored, key, reason, at, state, valueBytes, schemaId, headers } = letter;
  const layout = schemaId === undefined ? 'does not begin with 0x00 and a schema id' : `says schema ${schemaId}`;
  return {
    source: source.name,
    table: `${table.database}.${table.table}, key ${column}`,
    message: `${topic}, partition ${partition}, offset ${offset}`,
    kept: `${deadLetterTopic(topic)}, partition ${stored.partition}, offset ${stored.offset}`,
    at: at.toISOString(),
    key: key === undefined ? 'cannot be read' : String(key),
    reason,
    value: valueBytes === undefined ? 'none' : `${valueBytes} bytes, ${layout}`,
    headers: headers.join(', ') || 'none',
    state,
  };
}
