export { binlogLines } from './binlog-lines.ts';
export { prepareJdbcSink } from './java-downloads.ts';
export { type MysqlPrograms, prepareMysql } from './mysql-download.ts';
export { PART_NAMES, type PartName, type ProxiedKafka } from './part.ts';
export { freePorts } from './ports.ts';
export { memoryOf } from './process.ts';
export { MissingProgramError } from './program.ts';
export { replicationFrom } from './replication.ts';
export { attachStack, type MysqlAddress, openStack, type Stack, type StackOptions } from './stack.ts';
