import { LONGEST_TEXT } from '@friend-sync/connectors';
import { Ambiguous, type Said, type Value } from './change.ts';
import type { PictureColumn, ShapeColumn } from './table-shape.ts';

/** All that is to be known of a type of columns that can be mapped. */
interface ColumnType {
  /** `information_schema`'s data types of such columns. */
  readonly names: readonly string[];
  /** The data types of targets that store each value as it is, or refuse it. */
  readonly targets: readonly string[];
  /** How a target column of this type is compared. */
  readonly compared: 'number' | 'bytes' | 'moment';
  /** Where a column's type says how many digits it has behind the point, of which another number changes values; undefined: none has any. */
  readonly fraction: RegExp | undefined;
  /** The type that the mirror has for a source column; undefined where that is none of these. */
  readonly mirrorType: (column: ShapeColumn) => string | undefined;
  /** The mirror's types for these columns, and for no others. */
  readonly mirrored: RegExp;
  /** A value as a SELECT has it, or the mirror, as ours; undefined where it is none of these. NULL never comes. */
  readonly parse: (raw: unknown) => Value | undefined;
  /** What carries the values in messages, by Kafka Connect's name, or Avro's. Anything else has other values. */
  readonly carriers: readonly string[];
  /** What a message says by such a value; undefined where the row may have any other. NULL never comes. */
  readonly said: (raw: unknown, carrier: string) => Said;
  /** Values that the connector has no word for, and what it sends for them where a column is never NULL; elsewhere it sends NULL. */
  readonly unsaid: { readonly is: (value: Value) => boolean; readonly sentAs: string } | undefined;
  /** As what the connector has to decode a column. */
  readonly decoded: (column: ShapeColumn) => string;
  /** As what it decodes one that it pictures so, whose type is `name` without attributes; undefined where that is none of these. */
  readonly pictured: (name: string, column: PictureColumn) => string | undefined;
}

const INTEGERS = ['tinyint', 'smallint', 'mediumint', 'int', 'bigint'];
/** Those that change no value; `CHAR`, `ENUM` and `SET` do. */
const TEXTS = ['varchar', 'tinytext', 'text', 'mediumtext', 'longtext'];
const TEXT_SOURCES = [...TEXTS, 'char', 'enum', 'set'];
const BINARIES = ['varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'];
/** A VARCHAR longer than this could break the 65,535-byte limit of a row. */
const LONGEST_VARCHAR = 2_000;
const AS_WRITTEN = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin';
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
/** `java.sql.Types`. */
const JDBC = {
  text: [1, 12, -1, -9, -15, -16],
  bytes: [-3, -4, 2004],
  binary: -2,
  decimal: [2, 3],
  date: 91,
  datetime: 93,
};

const TYPES = {
  integer: {
    names: INTEGERS,
    targets: [...INTEGERS, 'decimal', ...TEXTS],
    compared: 'number',
    fraction: undefined,
    mirrorType: (column) => (isInteger(column) && !isUnsigned(column.columnType) ? 'bigint' : undefined),
    mirrored: /^bigint(?!.*unsigned)/,
    parse: toInteger,
    carriers: ['int', 'long', 'boolean'],
    said: (raw) => (raw === true ? NOT_ZERO : toInteger(raw === false ? 0 : raw)),
    unsaid: undefined,
    decoded: ({ dataType }) => dataType,
    pictured: (name, { typeName }) => (isUnsigned(typeName) ? undefined : picturedInteger(name)),
  },
  unsigned: {
    names: INTEGERS,
    targets: [...INTEGERS, 'decimal', ...TEXTS],
    compared: 'number',
    fraction: undefined,
    mirrorType: (column) => (isInteger(column) && isUnsigned(column.columnType) ? 'bigint unsigned' : undefined),
    mirrored: /^bigint.*unsigned/,
    parse: toUnsigned,
    carriers: ['int', 'long', 'boolean'],
    // The upper half travels in a signed long.
    said: (raw) =>
      raw === true ? NOT_ZERO : toUnsigned(typeof raw === 'bigint' ? BigInt.asUintN(64, raw) : raw === false ? 0 : raw),
    unsaid: undefined,
    decoded: ({ dataType }) => `${dataType} unsigned`,
    pictured: (name, { typeName }) => {
      const integer = isUnsigned(typeName) ? picturedInteger(name) : undefined;
      return integer && `${integer} unsigned`;
    },
  },
  decimal: {
    names: ['decimal'],
    targets: ['decimal', ...TEXTS],
    compared: 'number',
    fraction: /,\s*(\d+)\)/,
    mirrorType: ({ dataType, columnType }) =>
      dataType === 'decimal' ? columnType.replace(' zerofill', '') : undefined,
    mirrored: /^decimal/,
    parse: toDecimal,
    carriers: ['string'],
    said: toDecimal,
    unsaid: undefined,
    decoded: () => 'decimal',
    pictured: (_, { jdbcType }) => (JDBC.decimal.includes(jdbcType) ? 'decimal' : undefined),
  },
  text: {
    names: TEXT_SOURCES,
    targets: TEXTS,
    compared: 'bytes',
    fraction: undefined,
    mirrorType: ({ dataType, maxLength }) => {
      if (!TEXT_SOURCES.includes(dataType)) return undefined;
      const isShort = !dataType.endsWith('text') && (maxLength ?? 0) <= LONGEST_VARCHAR;
      return `${isShort ? `varchar(${Math.max(1, maxLength ?? 1)})` : 'longtext'} ${AS_WRITTEN}`;
    },
    mirrored: /^(varchar|longtext)/,
    parse: (raw) => (typeof raw === 'string' ? raw : undefined),
    carriers: ['string', 'io.debezium.data.Enum', 'io.debezium.data.EnumSet'],
    // It may be cut. U+FFFD stands for bytes that the connector cannot read, and it takes a backslash in a member for two.
    said: (raw, carrier) => {
      if (typeof raw !== 'string' || raw.length === LONGEST_TEXT || raw.includes('\ufffd')) return undefined;
      return carrier !== 'string' && raw.includes('\\') ? undefined : raw;
    },
    unsaid: undefined,
    decoded: ({ dataType, columnType, charset }) =>
      dataType === 'enum' || dataType === 'set' ? columnType : textIn(charset),
    pictured: (name, { jdbcType, charset, members }) => {
      if (name === 'enum' || name === 'set') return `${name}(${members.join()})`;
      return JDBC.text.includes(jdbcType) && charset !== null ? textIn(charset) : undefined;
    },
  },
  binary: {
    names: [...BINARIES, 'binary'],
    targets: [...BINARIES, 'binary'],
    compared: 'bytes',
    fraction: undefined,
    mirrorType: ({ dataType, columnType, maxLength }) => {
      // Its pad bytes are part of each value: only so a target of the same type is known to change none.
      if (dataType === 'binary') return columnType;
      if (!BINARIES.includes(dataType)) return undefined;
      return (maxLength ?? 0) <= LONGEST_VARCHAR ? `varbinary(${Math.max(1, maxLength ?? 1)})` : 'longblob';
    },
    mirrored: /^(var)?binary|^longblob/,
    parse: (raw) => (raw instanceof Uint8Array ? raw : undefined),
    carriers: ['bytes'],
    // They may be cut.
    said: (raw) => (raw instanceof Uint8Array && raw.length !== LONGEST_TEXT ? raw : undefined),
    unsaid: undefined,
    decoded: ({ dataType, maxLength }) => (dataType === 'binary' ? `binary(${maxLength})` : 'bytes'),
    pictured: (_, { jdbcType, length }) => {
      if (JDBC.bytes.includes(jdbcType)) return 'bytes';
      return jdbcType === JDBC.binary ? `binary(${length ?? 1})` : undefined;
    },
  },
  // Of dates and datetimes the mirror holds each that MySQL does, such as 0000-00-00 and 2026-02-31, and so do our sessions.
  date: {
    names: ['date'],
    targets: ['date'],
    compared: 'moment',
    fraction: undefined,
    mirrorType: ({ dataType }) => (dataType === 'date' ? 'date' : undefined),
    mirrored: /^date$/,
    parse: toDate,
    carriers: ['io.debezium.time.IsoDate'],
    said: toDate,
    unsaid: { is: isZeroDate, sentAs: '1970-01-01Z' },
    decoded: () => 'date',
    pictured: (_, { jdbcType }) => (jdbcType === JDBC.date ? 'date' : undefined),
  },
  datetime: {
    names: ['datetime'],
    targets: ['datetime'],
    compared: 'moment',
    fraction: /\((\d)\)/,
    mirrorType: ({ dataType, columnType }) => (dataType === 'datetime' ? columnType : undefined),
    mirrored: /^datetime/,
    parse: toDatetime,
    carriers: ['io.debezium.time.IsoTimestamp'],
    said: toDatetime,
    unsaid: { is: isZeroDate, sentAs: '1970-01-01T00:00:00Z' },
    decoded: () => 'datetime',
    pictured: (_, { jdbcType }) => (jdbcType === JDBC.datetime ? 'datetime' : undefined),
  },
} satisfies Readonly<Record<string, ColumnType>>;

/** How a mapped column's values travel: integers as bigint, bytes as bytes, all others as text. */
export type ColumnKind = keyof typeof TYPES;

/** The one definition of the types of columns that can be mapped; a new one is an entry here. */
export const COLUMN_TYPES: Readonly<Record<ColumnKind, ColumnType>> = TYPES;

const KINDS = Object.keys(TYPES) as ColumnKind[];

/** What kind of column this is at a source; undefined: none that can be mapped. */
export function kindOfColumn(column: ShapeColumn): ColumnKind | undefined {
  return KINDS.find((kind) => COLUMN_TYPES[kind].mirrorType(column) !== undefined);
}

/** How the values of a mirror's column of this type travel. */
export function kindOf(mirrorType: string): ColumnKind | undefined {
  return KINDS.find((kind) => COLUMN_TYPES[kind].mirrored.test(mirrorType));
}

/** What kind of column `information_schema` calls so at a target; of integers, signed ones. */
export function kindNamed(dataType: string): ColumnKind | undefined {
  return KINDS.find((kind) => COLUMN_TYPES[kind].names.includes(dataType));
}

/** Digits behind the point that a column of this type has. */
export function fractionOf(kind: ColumnKind, columnType: string): number {
  const { fraction } = COLUMN_TYPES[kind];
  return Number((fraction && columnType.match(fraction)?.[1]) ?? 0);
}

export function isInteger({ dataType }: { readonly dataType: string }): boolean {
  return INTEGERS.includes(dataType);
}

function isUnsigned(type: string): boolean {
  return /unsigned|zerofill/i.test(type);
}

/** BOOL is TINYINT(1), which has other numbers as well. */
const NOT_ZERO = new Ambiguous((value) => value !== null && value !== 0n);

/** Numbers, bigints or digits, zeros in front or not. */
function toInteger(raw: unknown): bigint | undefined {
  const is = typeof raw === 'bigint' || Number.isSafeInteger(raw) || (typeof raw === 'string' && /^-?\d+$/.test(raw));
  return is ? BigInt(raw as bigint | number | string) : undefined;
}

function toUnsigned(raw: unknown): bigint | undefined {
  const value = toInteger(raw);
  return value !== undefined && value < 0n ? undefined : value;
}

/** Without zeros in front and without a sign on zero. */
function toDecimal(raw: unknown): string | undefined {
  const [, sign, digits] = (typeof raw === 'string' && raw.match(/^(-?)0*(\d+(?:\.\d+)?)$/)) || [];
  if (digits === undefined) return undefined;
  return /[1-9]/.test(digits) ? `${sign}${digits}` : digits;
}

function toDate(raw: unknown): string | undefined {
  return typeof raw === 'string' ? raw.match(/^(\d{4}-\d\d-\d\d)Z?$/)?.[1] : undefined;
}

/** As MySQL writes it, without zeros at the end of the fraction. */
function toDatetime(raw: unknown): string | undefined {
  const [, date, time, fraction] =
    (typeof raw === 'string' && raw.match(/^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{0,6}?)0*)?Z?$/)) || [];
  return date && `${date} ${time}${fraction ? `.${fraction}` : ''}`;
}

/** A year, month or day of zero. */
function isZeroDate(value: Value): boolean {
  return typeof value === 'string' && /^(0000|\d{4}-00|\d{4}-\d\d-00)/.test(value);
}

function picturedInteger(name: string): string | undefined {
  const integer = SYNONYMS[name] ?? name;
  return INTEGERS.includes(integer) ? integer : undefined;
}

function textIn(charset: string | null): string {
  return `text in ${charset?.toLowerCase() === 'utf8' ? 'utf8mb3' : charset?.toLowerCase()}`;
}
