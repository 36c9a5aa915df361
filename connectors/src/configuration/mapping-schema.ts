import { z } from 'zod';
import type { Path } from './source-file.ts';

/** MySQL has no name beyond the basic plane, nor one that ends with a space. */
const identifier = (longest: number) => `[^\`.\\p{Cc}\\u{10000}-\\u{10ffff}]{1,${longest}}(?<! )`;
const tableName = new RegExp(`^${identifier(64)}$`, 'u');
const qualifiedName = new RegExp(`^${identifier(64)}\\.${identifier(64)}$`, 'u');
const columnName = (longest: number) =>
  z
    .string()
    .regex(
      new RegExp(`^${identifier(longest)}$`, 'u'),
      `is no column name: at most ${longest} characters, no \` and no dot, no space at its end`,
    );
/** MySQL's limit is 64; two characters are ours, in the mirror's column names. */
const column = columnName(62);
const targetColumn = columnName(64);

/** A copy as it is written in the file. */
const copySchema = z.strictObject({
  table: z.string().refine((name) => tableName.test(name) || qualifiedName.test(name), 'is no table name'),
  key: targetColumn,
  set: z.record(targetColumn, column).refine((set) => Object.keys(set).length > 0, 'maps no column'),
  where: z
    .string()
    .refine((sql) => sql.trim() !== '', 'is empty')
    .refine((sql) => !sql.includes(';'), 'contains a semicolon')
    .optional(),
  watch: z.array(targetColumn).default([]),
  preserve: z.array(targetColumn).default([]),
});

const deletePolicySchema = z.strictObject({ set: z.record(targetColumn, z.string().nullable()) });

/** A source as it is written in the file. */
export const sourceSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]{0,29}$/, 'is no name: a letter, then up to 29 of a-z, 0-9 and _'),
  table: z.string().regex(qualifiedName, 'is not of the form database.table'),
  key: column,
  copies: z.array(copySchema).min(1, 'is empty'),
  onDelete: z.union([z.literal('keep'), deletePolicySchema], 'is neither keep nor { set: … }').default('keep'),
});

export type SourceInFile = z.output<typeof sourceSchema>;

/** The names that a map at a path below `sources` may have. */
export function namesInSource(path: Path): string[] {
  if (path.includes('onDelete')) return Object.keys(deletePolicySchema.shape);
  return Object.keys(path.includes('copies') ? copySchema.shape : sourceSchema.shape);
}
