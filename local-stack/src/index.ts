export { type MysqlPrograms, prepareMysql } from './mysql-download.ts';
export { PART_NAMES, type PartName } from './part.ts';
export { MissingProgramError } from './program.ts';
export { attachStack, type MysqlAddress, openStack, type Stack, type StackOptions } from './stack.ts';
