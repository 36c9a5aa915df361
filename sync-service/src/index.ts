export type { AppliedConnectors } from './application/apply-connectors.ts';
export type { BarrierResult } from './application/barrier.ts';
export type { Comparison } from './application/compare.ts';
export type { ListedLetter } from './application/dead-letters.ts';
export type { EpochPlan } from './application/epoch.ts';
export { type FanOutEvents, type FanOutLimits, fanOutClaim, type Hold } from './application/fan-out-claim.ts';
export { Health, type Trouble } from './application/health.ts';
export { type IngestBatch, type Ingested, ingest } from './application/ingest.ts';
export type { OffsetMove, OffsetTarget, PartitionProgress } from './application/offsets.ts';
export { patrolRound } from './application/patrol.ts';
export type { Verification } from './application/verify.ts';
export type { Change, Key, Value } from './domain/change.ts';
export type { Claim } from './domain/claim.ts';
export { type KeyKind, parseKey } from './domain/source-schema.ts';
export { type ErrorKind, POLICY, SyncError, toSyncError } from './errors.ts';
export { type Database, openDatabase, type Session } from './infrastructure/mysql/database.ts';
export { executeMigration, type MigrationPlan, planMigration } from './infrastructure/mysql/migrate.ts';
export type { PatrolReport } from './infrastructure/mysql/patrol-store.ts';
export {
  openSourceDatabase,
  openStore,
  openTarget,
  type SourceStore,
  type Store,
} from './infrastructure/mysql/store.ts';
export { createLogger, type Logger } from './log.ts';
export { type KeyCounts, Operations } from './operations.ts';
export { createSyncService, type SyncService, type SyncServiceOptions } from './service.ts';
