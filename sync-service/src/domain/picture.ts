import type { ShapeColumn, TableShape } from './table-shape.ts';

/** A column as the connector pictures it. */
export interface PictureColumn {
  readonly name: string;
  /** In the words of the DDL, e.g. `INTEGER UNSIGNED`, `NATIONAL CHAR VARYING`. */
  readonly typeName: string;
  /** `java.sql.Types`: by this the connector decodes. */
  readonly jdbcType: number;
  readonly length: number | undefined;
  readonly charset: string | null;
  readonly isNullable: boolean;
  /** Of an ENUM or SET: SQL literals. */
  readonly members: readonly string[];
}

/** What the connector takes a table for, in the table's order: by place and type it reads the rows of the binary log. */
export type TablePicture = readonly PictureColumn[];

/**
 * What makes the connector misread rows of a table that has this shape, one line each: another order of columns, or
 * `used` columns that it decodes as something else. Spellings of one type are no difference, nor is what does not matter
 * to decoding (lengths, collations, defaults), nor a type that neither side can tell.
 */
export function differences(
  { columns }: TableShape,
  picture: TablePicture | undefined,
  used: readonly string[],
): string[] {
  if (!picture) return ['the connector does not know the table'];
  const places = Math.max(columns.length, picture.length);
  const moved = Array.from({ length: places }, (_, place) => [columns[place]?.name, picture[place]?.name])
    .map(([is, read], place) => ({ is, read, place: place + 1 }))
    .filter(({ is, read }) => is !== read)
    .map(({ is = 'nothing', read = 'nothing', place }) => `column ${place} is ${is}, the connector reads ${read}`);
  if (moved.length) return moved;
  return columns.flatMap((column, place) => {
    const pictured = picture[place];
    return pictured && used.includes(column.name) ? misread(column, pictured) : [];
  });
}

/** The connector takes another column for the key, or decodes it as something else: its messages tell of other rows. */
export function misreadsKey({ columns }: TableShape, picture: TablePicture | undefined, key: string): boolean {
  const place = columns.findIndex(({ name }) => name === key);
  const [column, pictured] = [columns[place], picture?.[place]];
  if (!column || !picture) return false;
  return pictured?.name !== key || misread(column, pictured).length > 0;
}

function misread(column: ShapeColumn, pictured: PictureColumn): string[] {
  const [is, read] = [typeOf(column), picturedType(pictured)];
  if (is !== undefined && read !== undefined && is !== read)
    return [`column ${column.name} is ${is}, the connector reads ${read}`];
  // Where it knows no NULL it sends the column's default.
  return column.isNullable && !pictured.isNullable ? [`column ${column.name} may be NULL, not for the connector`] : [];
}

const INTEGERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint']);
const TEXTS = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext']);
const BINARIES = new Set(['varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);

/** As what the values of a column have to be decoded; undefined where it is nothing that can be mapped. */
function typeOf({ dataType, columnType, charset, maxLength }: ShapeColumn): string | undefined {
  if (INTEGERS.has(dataType)) return columnType.includes('unsigned') ? `${dataType} unsigned` : dataType;
  if (TEXTS.has(dataType)) return text(charset);
  if (BINARIES.has(dataType)) return 'bytes';
  if (dataType === 'binary') return `binary(${maxLength})`;
  if (dataType === 'enum' || dataType === 'set') return columnType;
  return dataType === 'decimal' ? dataType : undefined;
}

/** What MySQL's manual lists as the same type. */
const SYNONYMS: Readonly<Record<string, string>> = {
  bool: 'tinyint',
  boolean: 'tinyint',
  int1: 'tinyint',
  int2: 'smallint',
  int3: 'mediumint',
  middleint: 'mediumint',
  int4: 'int',
  integer: 'int',
  int8: 'bigint',
};
const JDBC = { text: [1, 12, -1, -9, -15, -16], bytes: [-3, -4, 2004], binary: -2, decimal: [2, 3] };

/** The same of a column as it is pictured. */
function picturedType({ typeName, jdbcType, length, charset, members }: PictureColumn): string | undefined {
  const name = typeName.toLowerCase();
  const base = name.replace(/ (unsigned|signed|zerofill|binary)\b/g, '');
  const integer = SYNONYMS[base] ?? base;
  if (INTEGERS.has(integer)) return /unsigned|zerofill/.test(name) ? `${integer} unsigned` : integer;
  if (base === 'enum' || base === 'set') return `${base}(${members.join()})`;
  if (JDBC.text.includes(jdbcType)) return charset === null ? undefined : text(charset);
  if (JDBC.bytes.includes(jdbcType)) return 'bytes';
  if (jdbcType === JDBC.binary) return `binary(${length ?? 1})`;
  return JDBC.decimal.includes(jdbcType) ? 'decimal' : undefined;
}

function text(charset: string | null): string {
  return `text in ${charset?.toLowerCase() === 'utf8' ? 'utf8mb3' : charset?.toLowerCase()}`;
}
