export { archive } from './bundle/archive.ts';
export { bundle, freshBundle, type Bundle } from './bundle/bundle.ts';
export type { Architecture } from './bundle/native-files.ts';
export { rendezvousServer, root } from './root.ts';
export { deployStage, type DeployedStage } from './stage/deploy-stage.ts';
export { layOutBucket } from './stage/lay-out-bucket.ts';
export { removeStage, type RemovedStage } from './stage/remove-stage.ts';
export { pushImage } from './stage/rendezvous-image.ts';
export { stageOptions, type StageOptions } from './stage/stage-options.ts';
