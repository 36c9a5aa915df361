import type { Command, Help } from 'commander';
import { EXAMPLES, leavesOf, pathOf } from './examples.ts';

/** docs/cli.md: every command as it describes itself. */
export function renderReference(program: Command): string {
  const help = program.createHelp();
  return [
    '# Commands',
    '',
    'Made of the commands themselves; `friend-sync COMMAND --help` says the same. A unit test says that nothing has changed since, and',
    '`npx vitest run --project unit cli/src/reference.test.ts -u` writes it anew.',
    '',
    'Before or behind every command:',
    '',
    ...tableOf(help.visibleOptions(program).map((option) => [help.optionTerm(option), help.optionDescription(option)])),
    ...leavesOf(program).flatMap((command) => sectionOf(command, help)),
    '',
  ].join('\n');
}

function sectionOf(command: Command, help: Help): string[] {
  const path = pathOf(command);
  const named = help
    .visibleArguments(command)
    .map((argument) => [help.argumentTerm(argument), help.argumentDescription(argument)]);
  const options = help
    .visibleOptions(command)
    .filter(({ long }) => long !== '--help')
    .map((option) => [help.optionTerm(option), help.optionDescription(option)]);
  return [
    '',
    `## ${path}`,
    '',
    `${sentence(command.description())}`,
    '',
    ...fenced('', [`friend-sync ${path} ${command.usage()}`]),
    ...(named.length + options.length > 0 ? ['', ...tableOf([...named, ...options])] : []),
    '',
    ...fenced('sh', examplesOf(path)),
  ];
}

function examplesOf(path: string): string[] {
  const examples = EXAMPLES[path] ?? [];
  const width = Math.max(...examples.map(({ command }) => command.length));
  return examples.map(({ command, what }) => `${command.padEnd(width)}   # ${what}`);
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
const fenced = (language: string, lines: readonly string[]) => [`\`\`\`${language}`, ...lines, '```'];

function tableOf(rows: readonly (readonly string[])[]): string[] {
  const cell = (text = '') => text.replaceAll('|', '\\|');
  return ['| | |', '|---|---|', ...rows.map(([term, description]) => `| \`${cell(term)}\` | ${cell(description)} |`)];
}
