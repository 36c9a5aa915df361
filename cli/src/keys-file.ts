import { createReadStream } from 'node:fs';
import type { Command } from 'commander';

const PAGE_KEYS = 5_000;
/** In UTF-16 units; no key is as long. */
const LONGEST_LINE = 10_000;

/**
 * The keys of a file, or of stdin (`-`), one a line, page by page. A line is its key as it is, spaces and commas included; one
 * may end in CR LF.
 */
export async function* keysOfFile<K>(
  file: string,
  toKey: (line: string) => K,
  command: Command,
): AsyncGenerator<readonly K[]> {
  const chunks = file === '-' ? process.stdin : createReadStream(file);
  let page: K[] = [];
  let count = 0;
  const fail = (problem: string) => command.error(`error: --keys-file ${file}: ${problem}`);
  try {
    for await (const line of linesOf(chunks)) {
      count++;
      if (line.length > LONGEST_LINE) fail(`line ${count} is too long to be a key`);
      try {
        page.push(toKey(line));
      } catch (error) {
        const before = count > PAGE_KEYS ? '; most of what stands before it is asked for' : '';
        fail(`line ${count}: ${(error as Error).message}${before}`);
      }
      if (page.length < PAGE_KEYS) continue;
      yield page;
      page = [];
    }
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') fail('is not UTF-8');
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR') fail((error as Error).message);
    throw error;
  }
  if (page.length > 0) yield page;
}

/** What follows the last line break is a line unless it is empty. A byte order mark is no part of the first one. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield line.replace(/\r$/, '');
    // It is told of before all of it is in memory.
    if (rest.length > LONGEST_LINE) return yield rest;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest.replace(/\r$/, '');
}
