import { COLUMN_TYPES, kindOfColumn } from './column-types.ts';
import type { PictureColumn, ShapeColumn, TableShape } from './table-shape.ts';

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

/** As what the values of a column have to be decoded; undefined where it is nothing that can be mapped. */
function typeOf(column: ShapeColumn): string | undefined {
  const kind = kindOfColumn(column);
  return kind && COLUMN_TYPES[kind].decoded(column);
}

/** The same of a column as it is pictured. */
function picturedType(column: PictureColumn): string | undefined {
  const name = column.typeName.toLowerCase().replace(/ (unsigned|signed|zerofill|binary)\b/g, '');
  const types = Object.values(COLUMN_TYPES).map(({ pictured }) => pictured(name, column));
  return types.find((type) => type !== undefined);
}
