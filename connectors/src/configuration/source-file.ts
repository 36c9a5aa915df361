import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
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
    this.syntaxIssues = [...this.#parserIssues(), ...this.#aliasIssues()];
    this.content = this.syntaxIssues.length ? undefined : this.#document.toJS();
  }

  /** An issue at a path: at its value, at its key with `atKey`, or at its nearest parent where it is missing. */
  issue(path: Path, problem: string, remedy: string, atKey = false): ConfigurationIssue {
    return { file: this.#file, ...this.#placeOf(path, atKey), path: pathText(path), problem, remedy };
  }

  has(path: Path): boolean {
    return this.#find(path) !== undefined;
  }

  #placeOf(path: Path, atKey: boolean): { line: number; column: number } {
    for (let length = path.length; length >= 0; length--) {
      const found = this.#find(path.slice(0, length));
      const node = atKey && length === path.length ? (found?.key ?? found?.value) : (found?.value ?? found?.key);
      if (node?.range) return this.#place(node.range[0]);
    }
    return { line: 1, column: 1 };
  }

  /** The node at a path, through aliases. Keys are compared as text, as the plain content has them. */
  #find(path: Path): { key: Node | undefined; value: Node | undefined } | undefined {
    let found = { key: undefined as Node | undefined, value: nodeOf(this.#document.contents) };
    for (const part of path) {
      const parent = isAlias(found.value) ? found.value.resolve(this.#document) : found.value;
      if (isMap(parent)) {
        const pair = parent.items.find(({ key }) => String(key) === String(part));
        if (!pair) return undefined;
        found = { key: nodeOf(pair.key), value: nodeOf(pair.value) };
      } else if (isSeq(parent) && typeof part === 'number' && part < parent.items.length) {
        found = { key: undefined, value: nodeOf(parent.items[part]) };
      } else return undefined;
    }
    return found;
  }

  /** One mistake can end in many of the parser's errors; only a key that is there twice stands by itself. */
  #parserIssues(): ConfigurationIssue[] {
    const errors: YAMLError[] = [...this.#document.errors, ...this.#document.warnings];
    const first = errors.find(({ code }) => code !== 'DUPLICATE_KEY');
    return errors
      .filter((error) => error === first || error.code === 'DUPLICATE_KEY')
      .map((error) => this.#syntaxIssue(error.pos[0], error.message));
  }

  #aliasIssues(): ConfigurationIssue[] {
    const issues: ConfigurationIssue[] = [];
    visit(this.#document, {
      Alias: (_, alias) => {
        if (!alias.resolve(this.#document))
          issues.push(this.#syntaxIssue(alias.range?.[0] ?? 0, 'the alias has no anchor before it'));
      },
    });
    return issues;
  }

  #syntaxIssue(offset: number, problem: string): ConfigurationIssue {
    const place = this.#place(offset);
    return {
      file: this.#file,
      ...place,
      path: '',
      problem: `not valid YAML: ${problem}`,
      remedy: 'correct the syntax',
    };
  }

  #place(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }
}

function nodeOf(value: unknown): Node | undefined {
  return isNode(value) ? value : undefined;
}

function pathText(path: Path): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i ? `.${part}` : part)).join('');
}
