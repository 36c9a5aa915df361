/** A column of a source's table, as its server describes it. */
export interface ShapeColumn {
  readonly name: string;
  /** E.g. `varchar`. */
  readonly dataType: string;
  /** E.g. `varchar(60)`; of an ENUM or SET with its members. */
  readonly columnType: string;
  readonly maxLength: number | null;
  /** Of text only. */
  readonly charset: string | null;
  readonly collation: string | null;
  readonly isNullable: boolean;
  readonly defaultValue: string | null;
  /** `VIRTUAL GENERATED`, `auto_increment` and the like. */
  readonly extra: string;
  /** Belongs to the primary key. */
  readonly isPrimary: boolean;
  /** Our user has SELECT on it. */
  readonly isReadable: boolean;
}

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

/** A source's table as its server has it now. */
export interface TableShape {
  /** As the server spells it, `database.table`. */
  readonly name: string;
  /** `BASE TABLE`, or another kind that writes no rows to the binary log. */
  readonly kind: string;
  /** Moves when another table takes its place, and when it is rebuilt. */
  readonly createdAt: string;
  /** In the table's order. */
  readonly columns: readonly ShapeColumn[];
}

/** Names of the columns that came, went, moved or are described otherwise than before. */
export function changedColumns(before: TableShape, after: TableShape): string[] {
  const [was, is] = [described(before), described(after)];
  return [...new Set([...was.keys(), ...is.keys()])].filter((name) => was.get(name) !== is.get(name));
}

function described({ columns }: TableShape): Map<string, string> {
  // A right that is granted or revoked is no change of the table.
  return new Map(columns.map(({ isReadable: _, ...column }, place) => [column.name, JSON.stringify([place, column])]));
}
