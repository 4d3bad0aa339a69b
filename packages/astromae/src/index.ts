export { compileAstroMae, type CompileOptions } from './compile.ts';
export { compileCheckpoint, type CompiledCheckpoint } from './compile-checkpoint.ts';
export {
  NETWORK_NAMES as ASTROMAE_NETWORKS,
  PUBLISHED_CONFIG,
  type AstroMaeConfig,
  type NetworkConfig,
  type NetworkName,
} from './config.ts';
export type { ModelDescription, WeightsType } from './file-metadata.ts';
export type { FlopCount } from './graph/flops.ts';
export type { Port } from './graph/graph.ts';
export { CheckpointMismatchError, MissingHyperparameterError } from './import/errors.ts';
export { importCheckpoint, type ImportedCheckpoint } from './import/import-checkpoint.ts';
export type { StateDictHints } from './import/state-dict-config.ts';
export { inspectModel, type ModelReport } from './inspect.ts';
export { IMAGE, MAGNITUDES, REDSHIFT } from './model/astromae.ts';
export { holdsAstroMae } from './import/holds-astromae.ts';
export { encodeOnnx } from './onnx/encode.ts';
export { GraphBuilder } from './graph/builder.ts';
export { floats } from './graph/graph.ts';
export { ModelFileError } from './onnx/errors.ts';
export { randomWeights } from './random-weights.ts';
export { SIGMA_KINDS, type SampleNames, type SigmaKind } from './spec.ts';
export { countParameters, type Branch, type ParameterCounts, type Weights } from './weights.ts';
export { compiledPairs } from './compiled-pairs.ts';
