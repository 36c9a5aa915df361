/**
 * How Debezium writes a name under `schema.name.adjustment.mode=avro` and `field.name.adjustment.mode=avro`: each
 * character that Avro does not allow becomes `_`.
 */
export function avroFullName(name: string): string {
  return name.replace(/[^A-Za-z0-9_.]/g, '_').replace(/^[^A-Za-z_]/, '_');
}

/** The field that carries a column; a leading digit is kept behind a `_`. */
export function avroFieldName(column: string): string {
  return column.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_');
}
