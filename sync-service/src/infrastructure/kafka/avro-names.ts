/**
 * How Debezium writes a name under `schema.name.adjustment.mode=avro` and `field.name.adjustment.mode=avro`: each
 * character that Avro does not allow becomes `_`, and a leading digit gets one before it.
 */
export function avroFullName(name: string): string {
  return name.replace(/[^A-Za-z0-9_.]/g, '_').replace(/^(?=\d)/, '_');
}

/** The field that carries a column: as a full name, but no dot. */
export function avroFieldName(column: string): string {
  return column.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_');
}
