import { expect, test } from 'vitest';
import { contentOf, productFiles, repositoryFiles } from './support/repository.ts';

const files = repositoryFiles.filter((file) => /\.(ts|mjs)$/.test(file));
const code = new Map(files.map((file) => [file, contentOf(file)]));

test('whatever is exported is used elsewhere', () => {
  const words = new Map<string, number>();
  for (const text of code.values())
    for (const word of new Set(text.match(/[\w$]+/g))) words.set(word, (words.get(word) ?? 0) + 1);
  const exported = productFiles.flatMap((file) =>
    [...(code.get(file) ?? '').matchAll(/^export (?:async |abstract )*(?:function\*?|class|const) (\w+)/gm)].map(
      ([, name = '']) => ({ file, name }),
    ),
  );
  expect(exported.length).toBeGreaterThan(300);
  expect(exported.filter(({ name }) => (words.get(name) ?? 0) < 2)).toEqual([]);
});

const LONGEST = 60;
/** These are longer. They may shrink, and leave the list; none comes to it. */
const LONGER: Readonly<Record<string, number>> = {
  'admin.ts openKafkaAdmin': 112,
  'avro.ts createDecoder': 78,
  'connector-watch.ts watchConnector': 91,
  'consumer.ts createChangeConsumer': 79,
  'database.ts openDatabase': 64,
  'history-watch.ts watchHistory': 78,
  'ingest-handler.ts createIngestHandler': 100,
  'lazy-connection.ts lazyConnection': 65,
  'rounds.ts startRounds': 76,
  'status.ts addStatus': 104,
  'write-reads.ts writeReads': 67,
};

/** Functions and methods with their lines: what is formatted ends where it began to be indented. */
function functionsOf(file: string): { name: string; lines: number }[] {
  const lines = (code.get(file) ?? '').split('\n');
  return lines.flatMap((line, at) => {
    const [, indent, named, method] =
      /^( *)(?:(?:export |default |async )*function\*? (\w+)|(?:static |private |async |get |\*)*(#?\w+)\()/.exec(
        line,
      ) ?? [];
    const name = named ?? method;
    if (indent === undefined || !name || /^(if|for|while|switch|return|catch|await|throw|super)$/.test(name)) return [];
    const open = lines.findIndex((text, i) => i >= at && /[;{]$/.test(text));
    // What ends with an arrow is a call that is given a function.
    if (!lines[open]?.endsWith('{') || lines[open].endsWith('=> {')) return [];
    const end = lines.findIndex((text, i) => i > open && text.startsWith(`${indent}}`));
    return [{ name: `${file.split('/').at(-1)} ${name}`, lines: end - at + 1 }];
  });
}

test('functions fit a screen; those that do not may only shrink', () => {
  const functions = productFiles.flatMap(functionsOf);
  expect(functions.length).toBeGreaterThan(1_000);
  expect(functions.filter(({ name, lines }) => lines > (LONGER[name] ?? LONGEST))).toEqual([]);
});

test('what a comment names exists', () => {
  const known = new Set(files.map((file) => file.split('/').at(-1)));
  const comments = files.flatMap((file) =>
    [...(code.get(file) ?? '').matchAll(/(?:^|\s)(?:\/\/|\/?\*) .*/g)].map(([comment]) => ({ file, comment })),
  );
  const missing = comments.flatMap(({ file, comment }) =>
    (comment.match(/[\w-]+\.(?:ts|mjs)\b/g) ?? []).filter((name) => !known.has(name)).map((name) => `${file}: ${name}`),
  );
  expect(comments.length).toBeGreaterThan(1_000);
  expect(missing).toEqual([]);
  expect(comments.filter(({ comment }) => /protocol [A-E]\d/.test(comment))).toEqual([]);
});
