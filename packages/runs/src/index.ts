export { readPlan, type Plan } from './plan/read-plan.ts';
export { differenceFromTask } from './plan/check-result.ts';
export { readPredictions, readRank, type MissingRank, type RankLeft } from './plan/read-rank.ts';
export { proveRun, statementOf, type ProofInputs } from './proof/prove-run.ts';
export { isSealed, sealedText } from './proof/seal.ts';
export { acquireLease, leaseSchema, PublishingError, readLease, type Lease, type LeaseClock } from './publish/lease.ts';
export { MOST_RANKS_PUBLISHED, publishRun, type Publication } from './publish/publish-run.ts';
