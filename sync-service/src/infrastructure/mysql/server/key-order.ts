import type { TargetColumn } from '../copies/target-column.ts';
import { quoted, type Row } from './database.ts';

type KeyColumn = Pick<TargetColumn, 'name' | 'dataType' | 'columnType' | 'charset' | 'collation'>;

/** Bounds in a key's order: after (exclusive) … upTo (inclusive); empty or undefined is unbounded. */
export interface Range {
  readonly after: readonly string[];
  readonly upTo?: readonly string[] | undefined;
}

/**
 * The order of a table's rows (as `f`) by some of its columns, to walk it in chunks. Positions are texts. Where a column
 * sorts otherwise than it compares with a text (ENUM), a chunk may be larger than asked for; no row is left out.
 */
export class KeyOrder {
  readonly #columns: readonly KeyColumn[];
  /** For a SELECT whose rows {@link read} understands. */
  readonly select: string;
  readonly orderBy: string;

  constructor(columns: readonly KeyColumn[]) {
    this.#columns = columns;
    this.select = columns.map((column, i) => `${asText(column)} AS c${i}`).join(', ');
    this.orderBy = columns.map(({ name }) => `f.${quoted(name)}`).join(', ');
  }

  get isEmpty(): boolean {
    return this.#columns.length === 0;
  }

  read(row: Row): string[] {
    return this.#columns.map((_, i) => String(row[`c${i}`]));
  }

  /** Begins with AND, unless the range is unbounded. A position of a key that was another then bounds nothing. */
  within(range: Range | undefined): { where: string; parameters: string[] } {
    const isBound = (at: readonly string[] | undefined): at is readonly string[] =>
      !!at?.length && at.length === this.#columns.length;
    const bounds = [
      isBound(range?.after) ? this.#compare('>', range.after) : undefined,
      isBound(range?.upTo) ? this.#compare('<=', range.upTo) : undefined,
    ].filter((bound) => bound !== undefined);
    return { where: bounds.map((b) => ` AND ${b.sql}`).join(''), parameters: bounds.flatMap((b) => b.parameters) };
  }

  /** Row comparison, spelled out: MySQL uses no index range for `(a, b) > (x, y)`. */
  #compare(operator: '>' | '<=', values: readonly string[]): { sql: string; parameters: string[] } {
    const [strict, last] = operator === '>' ? ['>', '>'] : ['<', '<='];
    const columns = this.#columns;
    const alternatives = columns.map((column, i) => {
      const equals = columns.slice(0, i).map((earlier) => `f.${quoted(earlier.name)} = ${placeholder(earlier)}`);
      return [
        ...equals,
        `f.${quoted(column.name)} ${i === columns.length - 1 ? last : strict} ${placeholder(column)}`,
      ].join(' AND ');
    });
    return {
      sql: `(${alternatives.map((a) => `(${a})`).join(' OR ')})`,
      parameters: columns.flatMap((_, i) => values.slice(0, i + 1)),
    };
  }
}

/** As texts that give the very value back: what is shown of a FLOAT has fewer digits, bytes are no text, and not every text is one in UTF-8. */
function asText(definition: KeyColumn): string {
  const column = `f.${quoted(definition.name)}`;
  if (isBytes(definition) || isForeign(definition)) return `HEX(${column})`;
  if (definition.dataType === 'float') return `CAST(${column} AS DOUBLE)`;
  return definition.dataType === 'bit' ? `${column} + 0` : column;
}

function placeholder(definition: KeyColumn): string {
  const { dataType, columnType, charset, collation } = definition;
  if (isBytes(definition)) return 'UNHEX(?)';
  if (isForeign(definition)) return `CONVERT(UNHEX(?) USING ${charset}) COLLATE ${collation}`;
  if (dataType === 'float' || dataType === 'double') return 'CAST(? AS DOUBLE)';
  if (dataType === 'bit') return 'CAST(? AS UNSIGNED)';
  if (!dataType.endsWith('int')) return '?';
  return `CAST(? AS ${columnType.includes('unsigned') ? 'UNSIGNED' : 'SIGNED'})`;
}

const isBytes = ({ dataType }: KeyColumn) => /binary$|blob$/.test(dataType);
/** A character set that has others than UTF-8 has, or two for one of its. */
const isForeign = ({ charset }: KeyColumn) => charset !== null && !/^(utf8|ascii|latin1)/.test(charset);
