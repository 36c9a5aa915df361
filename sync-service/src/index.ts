export { type AppliedConnectors, applyConnectors } from './application/apply-connectors.ts';
export { requestBackfill, runBackfill } from './application/backfill.ts';
export { type BarrierParts, type BarrierResult, passBarrier } from './application/barrier.ts';
export { type Comparison, compareCopies } from './application/compare.ts';
export { type FanOutEvents, type FanOutLimits, fanOutClaim } from './application/fan-out-claim.ts';
export { Health, type Trouble } from './application/health.ts';
export { type IngestBatch, type Ingested, ingest } from './application/ingest.ts';
export {
  executeReset,
  type OffsetMove,
  type OffsetTarget,
  type PartitionProgress,
  planReset,
  readProgress,
} from './application/offsets.ts';
export type { Change, Key, Value } from './domain/change.ts';
export type { Claim } from './domain/claim.ts';
export { type KeyKind, parseKey } from './domain/source-schema.ts';
export { type ErrorKind, POLICY, SyncError, toSyncError } from './errors.ts';
export { type KafkaAdmin, openKafkaAdmin } from './infrastructure/kafka/admin.ts';
export { createDecoder } from './infrastructure/kafka/avro.ts';
export { createKafka } from './infrastructure/kafka/client.ts';
export { watchNotifications } from './infrastructure/kafka/notifications.ts';
export { type Database, openDatabase, type Session } from './infrastructure/mysql/database.ts';
export { executeMigration, type MigrationPlan, planMigration } from './infrastructure/mysql/migrate.ts';
export {
  openSourceDatabase,
  openStore,
  openTarget,
  type SourceStore,
  type Store,
} from './infrastructure/mysql/store.ts';
export { createLogger, type Logger } from './log.ts';
export { createSyncService, type SyncService, type SyncServiceOptions } from './service.ts';
