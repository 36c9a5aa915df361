import { type Document, isMap, isNode, isPair, LineCounter, parseDocument } from 'yaml';
import type { ConfigurationIssue } from './issue.ts';

export type Path = readonly (string | number)[];

/** The configuration file's text with the places of its nodes. */
export class SourceFile {
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #document: Document;
  /** The content as plain values. */
  readonly content: unknown;
  readonly syntaxIssues: readonly ConfigurationIssue[];

  constructor(file: string, text: string) {
    this.#file = file;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    this.syntaxIssues = this.#document.errors.map((error) => ({
      file,
      ...this.#place(error.pos[0]),
      path: '',
      problem: `not valid YAML: ${error.message.split('\n')[0]}`,
      remedy: 'correct the syntax',
    }));
    this.content = this.syntaxIssues.length ? undefined : this.#document.toJS();
  }

  /** An issue at a path: at its value, at its key with `atKey`, or at its nearest parent where it is missing. */
  issue(path: Path, problem: string, remedy: string, atKey = false): ConfigurationIssue {
    return { file: this.#file, ...this.#placeOf(path, atKey), path: pathText(path), problem, remedy };
  }

  has(path: Path): boolean {
    return this.#document.hasIn(path);
  }

  #placeOf(path: Path, atKey: boolean): { line: number; column: number } {
    const parent = path.length > 1 ? this.#document.getIn(path.slice(0, -1), true) : this.#document.contents;
    const name = path.at(-1);
    if (isMap(parent) && (atKey || !this.has(path))) {
      const pair = parent.items.find((item) => isPair(item) && isNode(item.key) && String(item.key) === String(name));
      if (pair && isNode(pair.key) && pair.key.range) return this.#place(pair.key.range[0]);
    }
    for (let length = path.length; length >= 0; length--) {
      const node = length ? this.#document.getIn(path.slice(0, length), true) : this.#document.contents;
      if (isNode(node) && node.range) return this.#place(node.range[0]);
    }
    return { line: 1, column: 1 };
  }

  #place(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }
}

export function pathText(path: Path): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i ? `.${part}` : part)).join('');
}
