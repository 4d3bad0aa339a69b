export { compileAstroMae, type CompileOptions } from './compile.ts';
export { PUBLISHED_CONFIG, type AstroMaeConfig } from './config.ts';
export { CheckpointMismatchError, MissingHyperparameterError } from './import/errors.ts';
export { importCheckpoint, type ImportedCheckpoint } from './import/import-checkpoint.ts';
export type { StateDictHints } from './import/state-dict-config.ts';
export { randomWeights } from './random-weights.ts';
export { countParameters, type Weights } from './weights.ts';
