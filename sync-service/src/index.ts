export type { FanOutEvents, FanOutLimits, Hold } from './application/fan-out/copy-writer.ts';
export { fanOutClaim } from './application/fan-out/fan-out-claim.ts';
export { type IngestBatch, type Ingested, ingest } from './application/ingest/ingest.ts';
export { type ApplyEvents, applyChanges } from './application/operate/apply-changes.ts';
export { type AppliedConnectors, planConnectors } from './application/operate/apply-connectors.ts';
export type { RoundTicket } from './application/operate/await-rounds.ts';
export type { KeyCounts } from './application/operate/count-keys.ts';
export {
  isMeant,
  type ListedLetter,
  planPurge,
  planReplay,
  purgeLetters,
  replayLetters,
} from './application/operate/dead-letters.ts';
export { type Finding, SEVERITIES } from './application/operate/doctor/findings.ts';
export type { EpochPlan } from './application/operate/epoch.ts';
export { type Explanation, explainKey } from './application/operate/explain.ts';
export { keysWhere } from './application/operate/keys-where.ts';
export { mendingSteps } from './application/operate/mend.ts';
export { findObstacles } from './application/operate/obstacles.ts';
export type { PartitionProgress } from './application/operate/offsets.ts';
export { planChanges } from './application/operate/plan-changes.ts';
export type { PlannedStep } from './application/operate/planned-steps.ts';
export type { Proposal } from './application/operate/propose/propose.ts';
export { type DatabaseLogin, proposeFile } from './application/operate/propose/propose-file.ts';
export { retryParked } from './application/operate/requests.ts';
export {
  describeReset,
  exportOffsets,
  importOffsets,
  type OffsetMove,
  type OffsetTarget,
} from './application/operate/reset-offsets.ts';
export { planRevocations, type Revocations } from './application/operate/rights.ts';
export { controlRounds, type RoundControl } from './application/operate/round-control.ts';
export { setUp } from './application/operate/set-up.ts';
export { type Part, type PipelineState, readState } from './application/operate/state.ts';
export { standsStill, stateOfConnector, troublesIn } from './application/operate/troubles.ts';
export { type BarrierResult, readParked } from './application/proof/barrier.ts';
export type { CompareOptions, Comparison } from './application/proof/compare.ts';
export { describePlace, type Place, parsePlace } from './application/proof/place.ts';
export { repairCopies, tooManyGone } from './application/proof/repair.ts';
export { type Difference, describeDifference } from './application/proof/tally.ts';
export type { Verification } from './application/proof/verify.ts';
export { Health } from './application/supervise/health.ts';
export { runDoctor } from './doctor.ts';
export { Ambiguous, type Change, type Key, type Said, type Value } from './domain/change.ts';
export type { Claim } from './domain/claim.ts';
export { type KeyKind, parseKey } from './domain/source-schema.ts';
export type { Condition, Trouble } from './domain/trouble.ts';
export { type ErrorKind, POLICY, SyncError, toSyncError } from './errors.ts';
export { type Database, openDatabase, type Session } from './infrastructure/mysql/server/database.ts';
export type { MigrationPlan } from './infrastructure/mysql/state/migrate.ts';
export type { RoundReport } from './infrastructure/mysql/state/round-store.ts';
export {
  type HeldCopy,
  openSourceDatabase,
  openStore,
  openTarget,
  type SourceStore,
  type Store,
} from './infrastructure/mysql/store.ts';
export { createLogger, type Logger } from './log.ts';
export { Operations } from './operations.ts';
