export { archive } from './bundle/archive.ts';
export { bundle, freshBundle, type Bundle } from './bundle/bundle.ts';
export { taskBundle } from './bundle/task-bundle.ts';
export type { Architecture } from './bundle/native-files.ts';
export { makeRankImage, RANK_IMAGE_BASE, type RankImage } from './image/rank-image.ts';
export { stagePolicy, policyRoles, type StagePolicy, type PolicyRole } from './policy/index.ts';
export { partitionOf, type Statement } from './policy/policy.ts';
export { stageArns } from './policy/stage-names.ts';
export { rendezvousServer, root } from './root.ts';
export {
  accountConcurrency,
  callerIdentity,
  concurrencyWarnings,
  ranksAtOnce,
  type Concurrency,
  type Identity,
} from './stage/check-account.ts';
export { deployStage, type DeployedStage } from './stage/deploy-stage.ts';
export { layOutBucket } from './stage/lay-out-bucket.ts';
export { removeStage, type RemovedStage } from './stage/remove-stage.ts';
export { rendezvousSize } from './stage/rendezvous-size.ts';
export { CREATE_CONTAINERS_ROLE, hasContainersRole } from './stage/service-linked-role.ts';
export { describeStack, stackOutputs, type StackState } from './stage/stack-outputs.ts';
export { deployAgain, stackProblem, whyUnusable } from './stage/stack-problem.ts';
export { functionStacks, rootStack, seeStacks } from './stage/stage-stacks.ts';
export { stageModel } from './stage/stage-model.ts';
export { writeStageOptions } from './stage/write-options.ts';
export { bucketName, stageOptions, type StageOptions } from './stage/stage-options.ts';
