import type { SourceMapping } from '../mapping.ts';

/** How Debezium writes a topic's schema name under `schema.name.adjustment.mode=avro`. */
export function avroFullName(name: string): string {
  return name.replace(/[^A-Za-z0-9_.]/g, '_').replace(/^(?=\d)/, '_');
}

/** How Debezium writes the name of a column, by its `field.name.adjustment.mode`. */
const FIELD_NAMERS = {
  // A first digit stays, be it one that Avro does not allow.
  avro: (column) =>
    column.replace(/^\p{Nd}|[^A-Za-z0-9_]/gu, (unit, at) => (at === 0 && /\p{Nd}/u.test(unit) ? `_${unit}` : '_')),
  // The code has as many digits as it takes, so that two names may still become one.
  avro_unicode: (column) =>
    column.replace(
      /^[^A-Za-z]|[^A-Za-z0-9]/g,
      (unit) =>
        `_u${unit
          .charCodeAt(0)
          .toString(16)
          .replace(/^(?=..$)/, '00')}`,
    ),
} satisfies Record<string, (column: string) => string>;

export type FieldNaming = keyof typeof FIELD_NAMERS;

/**
 * The mode under which a source's columns are fields of their own, the plain one where that is possible; undefined: under
 * neither.
 */
export function fieldNaming({ key, columns }: SourceMapping): FieldNaming | undefined {
  const captured = [...new Set([key, ...columns])];
  return (['avro', 'avro_unicode'] as const).find((naming) => {
    const fields = captured.map(FIELD_NAMERS[naming]);
    return new Set(fields).size === fields.length && fields.every((field) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(field));
  });
}

const known = new WeakMap<SourceMapping, (column: string) => string>();

/** The field that carries a column of the source. Asked for each message. */
export function fieldName(source: SourceMapping, column: string): string {
  let namer = known.get(source);
  if (!namer) {
    namer = FIELD_NAMERS[fieldNaming(source) ?? 'avro'];
    known.set(source, namer);
  }
  return namer(column);
}
