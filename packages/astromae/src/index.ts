export { compileAstroMae, type CompileOptions } from './compile.ts';
export { PUBLISHED_CONFIG, type AstroMaeConfig } from './config.ts';
export { randomWeights } from './random-weights.ts';
export { countParameters, type Weights } from './weights.ts';
