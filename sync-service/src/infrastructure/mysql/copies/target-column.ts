import type { Row } from '../server/database.ts';

/** A column of a target table, as its server describes it. */
export interface TargetColumn {
  readonly name: string;
  readonly dataType: string;
  readonly columnType: string;
  /** Characters of a VARCHAR, bytes of a TEXT; null for what is no text. */
  readonly maxLength: string | null;
  readonly charset: string | null;
  readonly collation: string | null;
  readonly onUpdate: boolean;
  readonly isGenerated: boolean;
  /** What our user may do with it: `select`, `update` … */
  readonly rights: readonly string[];
}

/** From a row of `information_schema`. */
export function toTargetColumn(row: Row): TargetColumn {
  return {
    name: row.name as string,
    dataType: (row.dataType as string).toLowerCase(),
    columnType: (row.columnType as string).toLowerCase(),
    maxLength: row.maxLength === null ? null : String(row.maxLength),
    charset: row.charset as string | null,
    collation: row.collation as string | null,
    onUpdate: /on update/i.test(String(row.extra)),
    isGenerated: /(virtual|stored) generated/i.test(String(row.extra)),
    rights: String(row.rights).split(','),
  };
}
