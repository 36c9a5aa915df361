import type { Configuration, SourceMapping } from '@friend-sync/connectors';
import { type Command, InvalidArgumentError } from 'commander';

/** The sources of these names, or all. */
export function sourcesOf(
  { mapping }: Configuration,
  names: readonly string[] | undefined,
  command: Command,
): readonly SourceMapping[] {
  if (!names) return mapping.sources;
  const known = mapping.sources.map(({ name }) => name);
  for (const name of names)
    if (!known.includes(name))
      command.error(`error: there is no source ${name}; the configuration has ${known.join(', ')}`);
  return mapping.sources.filter(({ name }) => names.includes(name));
}

/** `--deadline`, in ms. */
export function deadlineOf({ deadline }: { readonly deadline: string }, command: Command): number {
  const deadlineMs = Number(deadline) * 1000;
  return deadlineMs > 0 ? deadlineMs : command.error(`error: --deadline ${deadline} is not a number of seconds`);
}

/** An option that is a number of things. */
export function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 0) throw new InvalidArgumentError('It is not a whole number.');
  return count;
}

/** A moment, in ms. */
export function momentOf(option: string, text: string, command: Command): number {
  const atMs = Date.parse(text);
  if (Number.isNaN(atMs)) command.error(`error: ${option} ${text} is not a moment; write it as 2026-01-31T12:00:00Z`);
  return atMs;
}
