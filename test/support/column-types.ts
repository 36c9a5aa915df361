const upTo = (most: number) => Array.from({ length: most + 1 }, (_, i) => i);

const INTEGERS = ['TINYINT', 'SMALLINT', 'MEDIUMINT', 'INT', 'BIGINT'];
const DAYS = [
  '2026-11-28',
  '1000-01-01',
  '9999-12-31',
  '0001-01-01',
  '1970-01-01',
  '2026-02-31',
  '0000-00-00',
  '2026-11-00',
];
const COLLATIONS = [
  'utf8mb4_0900_ai_ci',
  'utf8mb4_general_ci',
  'utf8mb4_bin',
  'utf8mb3_bin',
  'latin1_swedish_ci',
  'gbk_bin',
];

/** Every type that a column of MySQL may have; a server before version 9 lacks VECTOR. */
export const COLUMN_TYPES: readonly string[] = [
  ...INTEGERS.flatMap((type) => [type, `${type} UNSIGNED`, `${type} ZEROFILL`]),
  ...['BOOL', 'YEAR', 'DATE', 'BIT(1)', 'BIT(64)', 'FLOAT', 'DOUBLE', 'JSON', 'GEOMETRY', 'POINT', 'VECTOR(3)'],
  ...['5,0', '10,2', '10,4', '12,6', '20,2', '65,0', '65,30', '30,30'].map((digits) => `DECIMAL(${digits})`),
  ...['DECIMAL(10,2) UNSIGNED', 'DECIMAL(10,2) ZEROFILL'],
  ...['TIME', 'DATETIME', 'TIMESTAMP'].flatMap((type) => upTo(6).map((digits) => `${type}(${digits})`)),
  ...['CHAR(5)', 'VARCHAR(1)', 'VARCHAR(300)', 'TINYTEXT', 'TEXT', 'MEDIUMTEXT', 'LONGTEXT'],
  ...COLLATIONS.map((name) => `VARCHAR(5) CHARACTER SET ${name.split('_')[0]} COLLATE ${name}`),
  ...['BINARY(4)', 'BINARY(8)', 'VARBINARY(4)', 'VARBINARY(300)', 'TINYBLOB', 'BLOB', 'MEDIUMBLOB', 'LONGBLOB'],
  ...["ENUM('a','B','1','🍣','')", "ENUM('a','b')", "SET('a','b','1')"],
];

/** Of the types that can be mapped, values at the edges, as SQL. */
export function edgesOf(type: string): string[] {
  const [, name = '', size = ''] = type.match(/^(\w+)(?:\(([^)]*)\))?/) ?? [];
  const isUnsigned = /UNSIGNED|ZEROFILL/.test(type);
  if (name === 'BOOL') return integers(8, false);
  if (INTEGERS.includes(name)) return integers([8, 16, 24, 32, 64][INTEGERS.indexOf(name)] ?? 0, isUnsigned);
  if (name === 'DECIMAL') return decimals(size, isUnsigned);
  if (name === 'ENUM' || name === 'SET') return name === 'SET' ? ["''", "'a,1'", "'1'"] : size.split(',');
  if (name === 'DATE') return DAYS.map((day) => `'${day}'`);
  if (name === 'DATETIME') return datetimes(Number(size));
  const [isBinary, isOld] = [/BINARY|BLOB/.test(name), /utf8mb3|latin1|gbk/.test(type)];
  // As much as TINYTEXT holds of what is widest, and of what is not.
  if (name.startsWith('TINY')) return [...strings(63, isBinary, isOld), "REPEAT('x', 255)"];
  return strings(Number(size || 301), isBinary, isOld);
}

function integers(bits: number, isUnsigned: boolean): string[] {
  const half = 2n ** BigInt(bits - 1);
  const [least, most] = isUnsigned ? [0n, 2n * half - 1n] : [-half, half - 1n];
  const others = [0n, 1n, -1n, half, 2n ** 53n, 2n ** 53n + 1n];
  return [...new Set([least, most, ...others.filter((n) => n > least && n < most)])].map(String);
}

/** Each with as many digits as there are, the last of which is not zero, and without any. */
function datetimes(digits: number): string[] {
  const fraction = digits > 0 ? `.${'1'.padStart(digits, '0')}` : '';
  return DAYS.flatMap((day) => [`'${day} 23:59:59${fraction}'`, `'${day} 00:00:00'`]);
}

function decimals(size: string, isUnsigned: boolean): string[] {
  const [digits = 0, scale = 0] = size.split(',').map(Number);
  const point = scale > 0 ? '.' : '';
  const most = `${'9'.repeat(digits - scale) || '0'}${point}${'9'.repeat(scale)}`;
  const least = scale > 0 ? `0.${'1'.padStart(scale, '0')}` : '1';
  const positive = ['0', most, least, ...(digits > scale ? ['1', '7.0'] : [])];
  return [...positive, ...(isUnsigned ? [] : positive.map((number) => `-${number}`))].map((number) => `'${number}'`);
}

/** Of one length each: nothing, pad characters, as much as there is room for, characters of many bytes. */
function strings(length: number, isBinary: boolean, isOld: boolean): string[] {
  const wide = isOld ? 'é' : '🍣';
  const filled = ['x', 'a ', ' ', '\\0', ...(isBinary ? ['\\xff'] : [wide])].map(
    (text) => `RPAD('', ${length}, '${text}')`,
  );
  const short = ['', 'a', 'A', '1', '01', ' a', 'null']
    .filter((text) => text.length <= length)
    .map((text) => `'${text}'`);
  const padded = [' ', '\\0', '\\t'].map((pad) => `RPAD('xxxx', ${length}, '${pad}')`);
  return [...short, ...filled, ...(length > 4 ? padded : [])];
}
