import { Argument, type Command } from 'commander';
import { print } from '../output.ts';

/** `friend-sync completion`: what a shell needs to complete commands and options. */
export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description(
      'print a script that has the shell complete commands and options; source it: eval "$(friend-sync completion bash)"',
    )
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh']))
    .action((shell: string) => {
      if (shell === 'zsh') print('autoload -U +X compinit bashcompinit && compinit && bashcompinit');
      print(scriptOf(program));
    });
}

/** Finds the command among the words so far, whatever options are between them, and offers what may follow it. */
function scriptOf(program: Command): string {
  const places = placesIn(program, []);
  const steps = places.flatMap(({ at, commands }) =>
    commands.map((name) => `      "${at} ${name}") at="${at} ${name}" ;;`),
  );
  const offers = places.map(({ at, commands, options }) => {
    const words = [...commands, ...options].join(' ');
    return `    "${at}") COMPREPLY=($(compgen -W "${words}" -- "\${COMP_WORDS[COMP_CWORD]}")) ;;`;
  });
  return `_friend_sync() {
  local i at=
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
${steps.join('\n')}
    esac
  done
  case "$at" in
${offers.join('\n')}
  esac
}
complete -o default -F _friend_sync friend-sync`;
}

interface Place {
  /** The words of the command, each with a space before it. */
  readonly at: string;
  readonly commands: readonly string[];
  readonly options: readonly string[];
}

function placesIn(command: Command, above: readonly string[]): Place[] {
  const commands = command.commands.map((inner) => inner.name());
  const options = command.options.flatMap(({ long }) => long ?? []);
  const at = above.map((word) => ` ${word}`).join('');
  return [{ at, commands, options }, ...command.commands.flatMap((inner) => placesIn(inner, [...above, inner.name()]))];
}
