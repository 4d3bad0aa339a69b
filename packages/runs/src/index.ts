export { layoutOf, openPlace, placeOfRun, type ResultsPlace, type RunPlace } from './place/run-place.ts';
export { findRun } from './list/find-run.ts';
export { newestFinished, runFoldersBelow } from './list/run-folders.ts';
export { listRuns, NOT_SUMMARIZED, type RunRow } from './list/list-runs.ts';
export { findExecution } from './execution/find-execution.ts';
export { brokenOff, executionFolderOf, executionsFolder } from './execution/local-executions.ts';
export { ProgressFile } from './execution/progress-file.ts';
export { runsUnderWay, type UnderWay } from './execution/under-way.ts';
export {
  checkPlanFiles,
  checkRecord,
  checkReferences,
  readItems,
  readPlan,
  readRecord,
  readReference,
  readReferences,
  type Plan,
  type PlannedItems,
} from './plan/read-plan.ts';
export { PlanWriter, recordText, rewritePlan } from './plan/write-plan.ts';
export { changesWhereItLies, recordWhereItLies } from './plan/where-it-lies.ts';
export { differenceFromTask } from './plan/check-result.ts';
export {
  changedHashes,
  changedPredictions,
  readPredictions,
  readRank,
  type MissingRank,
  type RankLeft,
} from './plan/read-rank.ts';
export { provenRank, proveRun, statementOf, type ProofInputs, type ProvenRank } from './proof/prove-run.ts';
export { acquireLease, leaseSchema, PublishingError, readLease, type Lease, type LeaseClock } from './publish/lease.ts';
export { publishRun, type Publication } from './publish/publish-run.ts';
export { ranksInStore, type RanksInStore } from './resume/whole-ranks.ts';
export {
  changedPartitions,
  describeChange,
  itemsWithInputs,
  type ChangedPartition,
  type NewInputs,
} from './resume/changed-inputs.ts';
export type { Finding } from './verify/findings.ts';
export { verifyFolder, type FolderVerification } from './verify/verify-folder.ts';
export { verifyPublished } from './verify/verify-published.ts';
export { verifyRun, type Verification, type VerifyOptions } from './verify/verify-run.ts';
export { readWholeRun, type WholeRun } from './verify/whole-run.ts';
export { describeFigures, describeSilence, elapsed } from './progress/describe-figures.ts';
export { RankBoard, type RankCounts } from './progress/rank-board.ts';
