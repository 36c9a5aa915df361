import { COLUMN_TYPES, type ColumnKind, fractionOf, kindNamed, kindOf } from '../../../domain/column-types.ts';
import { parseValue } from '../../../domain/source-schema.ts';
import { SyncError } from '../../../errors.ts';
import type { TargetColumn } from './target-column.ts';

/** Text that compares by its bytes, whatever the target's character set. */
export const EXACT = 'COLLATE utf8mb4_0900_bin';

/**
 * Why this column cannot be a copy of a mirror column of this type, with the remedy; undefined: MySQL stores each of its
 * values there as it is, or refuses it. What it would pad, cut, round or take for another value makes a copy that is never equal.
 */
export function misfit(
  { dataType, columnType, charset, onUpdate }: TargetColumn,
  mirrorType: string,
): string | undefined {
  if (dataType === 'char') return 'CHAR drops trailing spaces, so a copy could never be equal; make it VARCHAR';
  if (dataType === 'enum' || dataType === 'set')
    return `${dataType.toUpperCase()} takes other texts for its members, so a copy could never be equal; make it VARCHAR`;
  if (dataType === 'binary' && columnType !== mirrorType)
    return `${columnType} would pad values that are mirrored as ${mirrorType}; make it VARBINARY, or give both the same type`;
  if (onUpdate) return 'ON UPDATE gives it the time of each write, so a copy would not stay equal; make it one without';
  if (charset && charset !== 'utf8mb4')
    return `character set ${charset} cannot hold every value; convert it to utf8mb4`;
  if (isHeld(dataType, columnType, mirrorType)) return undefined;
  return `${columnType} would change values that are mirrored as ${mirrorType}; give both the same type`;
}

function isHeld(dataType: string, columnType: string, mirrorType: string): boolean {
  const kind = kindOf(mirrorType);
  if (!kind || !COLUMN_TYPES[kind].targets.includes(dataType)) return false;
  return kindNamed(dataType) !== kind || fractionOf(kind, columnType) >= fractionOf(kind, mirrorType);
}

/** How a target column holds what it is given: the one definition of equal, for SQL and for what was read of both servers. */
export interface Holding {
  /** SQL of a value as the column is given it. */
  readonly given: (value: string) => string;
  /** SQL of whether the column holds the value. */
  readonly equals: (own: string, value: string) => string;
  /** Of values in memory: equal ones have the same. */
  readonly plain: (value: unknown) => string;
}

/** Of a column that {@link misfit} lets be a copy. */
export function holdingOf(column: TargetColumn): Holding {
  const kind = kindNamed(column.dataType);
  if (!kind) throw new SyncError('internal', `${column.name}: a ${column.columnType} cannot be a copy`);
  return HOLDINGS[COLUMN_TYPES[kind].compared](column);
}

const HOLDINGS: Readonly<Record<(typeof COLUMN_TYPES)[ColumnKind]['compared'], (column: TargetColumn) => Holding>> = {
  number: () => ({
    given: (value) => value,
    equals: (own, value) => `${own} <=> ${value}`,
    plain: plainNumber,
  }),
  moment: () => ({
    given: (value) => value,
    equals: (own, value) => `${own} <=> ${value}`,
    plain: plainMoment,
  }),
  bytes: ({ dataType, maxLength, charset }) => {
    const length = dataType === 'varchar' ? 'CHAR_LENGTH' : 'LENGTH';
    const exact = charset === null ? '' : ` ${EXACT}`;
    return {
      // MySQL cuts spaces, tabs and ends of lines that do not fit and says nothing, in strict mode too. Such a value is refused
      // whatever the column's width has become since: as a number it is none. All others the server itself stores whole, or
      // refuses. Of two collations neither of which is said, MySQL takes none.
      given: (value) =>
        `IF(${length}(${value}) > ${maxLength} AND ORD(RIGHT(${value}, 1)) IN (9, 10, 11, 12, 13, 32), CAST(CONCAT('.', ${value}) AS SIGNED), ${value})${exact}`,
      equals: (own, value) => `${own} <=> ${value}${exact}`,
      plain: (value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value)),
    };
  },
};

/** Without zeros in front and at the end, which ZEROFILL and another scale add. */
function plainNumber(value: unknown): string {
  return withoutTail(String(parseValue(String(value), 'decimal')));
}

/** A day is its midnight; without zeros at the end. */
function plainMoment(value: unknown): string {
  return withoutTail(String(value).replace(/^(\d{4}-\d\d-\d\d)$/, '$1 00:00:00'));
}

/** Without zeros at the end of a fraction. */
function withoutTail(digits: string): string {
  return digits.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
}
