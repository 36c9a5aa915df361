/** What a writer's schema says of a column. */
export interface WriterField {
  /** What it means, by Kafka Connect's name (`io.debezium.data.Enum`), or its Avro type where it has none. */
  readonly type: string;
  readonly isNullable: boolean;
  /** What arrives in the place of no value, as the schema's JSON has it; undefined where that is NULL, or nothing is said of it. */
  readonly byDefault: unknown;
}

/** What a writer's schema says, known without decoding anything. */
export interface WriterSchema {
  readonly id: number;
  /** Full name of the record, e.g. `prefix.db.table.Envelope`; empty for what is no record. */
  readonly name: string;
  /** By name, the fields of the envelope's `after`; null for what has no `after`. */
  readonly afterFields: ReadonlyMap<string, WriterField> | null;
}

/** An Avro schema as its JSON has it, as far as it is looked at. */
type Schema = string | Definition | readonly (string | Definition)[];
interface Definition {
  readonly type: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly fields?: readonly Field[];
  readonly 'connect.name'?: string;
}
interface Field {
  readonly name: string;
  readonly type: Schema;
  readonly default?: unknown;
}

/** From the schema's JSON: it has Kafka Connect's attributes, which a compiled Avro type has lost. */
export function readWriterSchema(id: number, schema: Schema): WriterSchema {
  const [envelope] = definitionsIn(schema);
  const fields = envelope?.fields ?? [];
  // A type is defined where it first occurs, with a before image in `before`, and is a name from there on.
  const rows = new Map(fields.flatMap(({ type }) => definitionsIn(type)).map((row) => [row.name, row]));
  const after = fields.find(({ name }) => name === 'after')?.type ?? [];
  const row = [after].flat().map((type) => (typeof type === 'string' ? rows.get(type) : type));
  const columns = row.find((type) => type?.fields)?.fields;
  return {
    id,
    name: [envelope?.namespace, envelope?.name].filter(Boolean).join('.'),
    afterFields: columns ? new Map(columns.map((field) => [field.name, readField(field)])) : null,
  };
}

/**
 * Kafka Connect gives the default of a column in the place of NULL, and the converter puts a type with such a default
 * before `null`.
 */
function readField({ type, default: byDefault }: Field): WriterField {
  const branches = [type].flat();
  const types = branches.filter((branch) => branch !== 'null');
  return {
    type: types.length === 1 ? types.map(meaning).join() : 'union',
    isNullable: types.length < branches.length,
    byDefault: byDefault ?? undefined,
  };
}

function meaning(type: string | Definition): string {
  return typeof type === 'string' ? type : (type['connect.name'] ?? type.type);
}

function definitionsIn(schema: Schema): Definition[] {
  return [schema].flat().filter((type): type is Definition => typeof type === 'object');
}
