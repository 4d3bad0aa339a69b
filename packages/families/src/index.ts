export type { CompiledModel, CompiledReport, ImportOptions, ModelFamily } from './family.ts';
export { FAMILIES } from './families.ts';
export { importModel } from './import-model.ts';
export { inspectFile, type Inspection } from './inspection.ts';
export { namesIn } from './names-in.ts';
export { SIGMA_KINDS, type SigmaKind } from '@cosmicai/astromae';
