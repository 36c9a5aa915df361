import type { Command } from 'commander';

/** What is typed, and what for. `test/e2e/guide.e2e.test.ts` runs each, in this order those that change something, with a source called `user`. */
export interface Example {
  readonly command: string;
  readonly what: string;
}

const example = (command: string, what: string): Example => ({ command, what });

/** By command. */
export const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  init: [example('friend-sync init', 'writes ./friend-sync.yaml; the databases are named by the environment')],
  up: [example('friend-sync up --yes', 'everything, without asking; call it again after whatever has broken it off')],
  start: [example('friend-sync start', 'until Ctrl-C or SIGTERM')],
  settings: [example('friend-sync settings', 'which value is in force, and by which variable it is set')],
  grants: [
    example('friend-sync grants', 'for an administrator of each server'),
    example('friend-sync --json grants', 'the same for a program'),
  ],
  completion: [example('eval "$(friend-sync completion bash)"', 'in ~/.bashrc')],
  doctor: [
    example('friend-sync doctor', 'what is wrong, or will hurt'),
    example('friend-sync doctor --fix --yes', 'mends what needs no decision, and looks again'),
  ],
  plan: [example('friend-sync plan', 'after a change of the configuration file')],
  apply: [example('friend-sync apply --yes', 'does what plan shows; restart the daemons when it says so')],
  migrate: [
    example('friend-sync migrate', 'the SQL for our own tables'),
    example('friend-sync migrate --execute', 'runs it'),
  ],
  status: [
    example('friend-sync status', 'is everything applied, and what is in the way?'),
    example(
      'friend-sync status --watch 1 | head -n 13',
      'the pipeline as a picture; without head, again and again until Ctrl-C',
    ),
  ],
  explain: [example('friend-sync explain 7', 'why are the copies of the row with the key 7 as they are?')],
  verify: [
    example('friend-sync verify', 'while changes go on'),
    example('friend-sync verify --repair', 'makes equal what differs, and compares once more'),
  ],
  'offsets show': [example('friend-sync offsets show', 'how far every partition has been read')],
  'offsets reset': [
    example('friend-sync offsets reset --to-datetime 2026-01-31T12:00:00Z', 'where reading would go on'),
    example('friend-sync offsets reset --to-earliest --execute', 'makes every key equal again that the topic holds'),
  ],
  'dead-letters list': [example('friend-sync dead-letters list', 'which messages could not be decoded, and why')],
  'dead-letters show': [example('friend-sync dead-letters show --key 7', 'all that is known of one but its values')],
  'dead-letters purge': [
    example(
      'friend-sync dead-letters purge --until 2026-01-31T12:00:00Z',
      'how many are older; --execute deletes them',
    ),
  ],
  'dead-letters replay': [example('friend-sync dead-letters replay --execute', 'reads the rows of their keys')],
  'parked list': [example('friend-sync parked list', 'which keys a table refuses, since when, and why')],
  'parked retry': [example('friend-sync parked retry', 'once the cause is gone')],
  gone: [example('friend-sync gone', 'how many rows are gone that no message told of')],
  mark: [example('friend-sync mark --keys 7 42', 'writes their copies again, if they differ')],
  backfill: [
    example(
      'friend-sync backfill --keys 7 42 --wait',
      'reads two rows at the source, and returns when their copies are equal',
    ),
    example('friend-sync backfill --all --wait', 'the same with every row'),
  ],
  'backfill pause': [example('friend-sync backfill pause', 'no round reads any more, the patrol included')],
  'backfill rate': [
    example(
      'friend-sync backfill --all && friend-sync backfill rate 5000',
      'reads every row, no more than 5,000 of them a second',
    ),
  ],
  'backfill stop': [example('friend-sync backfill stop', 'gives it up; what it has read stays')],
  'backfill resume': [example('friend-sync backfill resume', 'rounds go on where they were held')],
  pause: [example('friend-sync pause', 'no copy is written any more')],
  resume: [example('friend-sync resume', 'what was stored meanwhile is written')],
  'connectors render': [example('friend-sync connectors render', 'for a look, or for another way to apply them')],
  'connectors validate': [example('friend-sync connectors validate', 'would Kafka Connect accept them?')],
  'connectors offsets show': [
    example('friend-sync connectors offsets show', 'where each stands in the binary logs of its server'),
  ],
  'connectors offsets reset': [
    example('friend-sync connectors offsets reset', 'what a beginning at the present would take; --execute does it'),
  ],
  'connectors status': [
    example('friend-sync connectors status', 'each connector and its tasks, with what they failed of'),
  ],
  'connectors apply': [
    example('friend-sync connectors apply --dry-run', 'what would change'),
    example('friend-sync connectors apply', 'changes it'),
  ],
  'connectors restart': [example('friend-sync connectors restart', 'those that have failed')],
  'connectors pause': [
    example('friend-sync connectors pause friend-sync-source-user', 'one of them; without a name, all'),
  ],
  'connectors stop': [example('friend-sync connectors stop friend-sync-source-user', 'its task ends as well')],
  'connectors resume': [example('friend-sync connectors resume', 'all that were paused or stopped')],
  'epoch new': [
    example('friend-sync epoch new user', 'what would be done'),
    example('friend-sync epoch new user --execute', 'its connector begins at the present, and every row is read'),
  ],
  'connectors delete': [
    example('friend-sync connectors delete', 'which would be deleted'),
    example('friend-sync connectors delete --execute', 'all of them; what they have sent stays'),
  ],
};

/** The words of a command behind the program's name. */
export function pathOf(command: Command): string {
  const above = command.parent;
  return above?.parent ? `${pathOf(above)} ${command.name()}` : command.name();
}

/** Commands that do something, and do not only group others. */
export function leavesOf(command: Command): Command[] {
  const inner = command.commands.flatMap(leavesOf);
  // One with options of its own does something by itself as well; those of the program are everybody's.
  return inner.length === 0 || (command.parent && command.options.length > 0) ? [command, ...inner] : inner;
}

/** Has `--help` of each command end with its examples. */
export function addExamples(program: Command): void {
  for (const command of leavesOf(program)) {
    const examples = EXAMPLES[pathOf(command)] ?? [];
    const lines = examples.map(({ command: typed, what }) => `  ${typed}\n      ${what}`);
    if (lines.length > 0) command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
  }
}
