import type { AstroMaeConfig } from './config.ts';
import { literalGraph } from './model/astromae.ts';
import { encodeOnnx, type Metadata } from './onnx/encode.ts';
import { FOLDS } from './passes/index.ts';
import type { Weights } from './weights.ts';

export interface CompileOptions {
  /** Apply the exact folds (default) or keep the graph operator by operator as PyTorch runs it. */
  readonly fold?: boolean;
  /** How the file stores matrices; arithmetic is float32 either way. Default fp32. */
  readonly weightsType?: 'fp32' | 'fp16';
  /** Provenance to store in the file beside the configuration. */
  readonly metadata?: Metadata;
}

export function compileAstroMae(config: AstroMaeConfig, weights: Weights, options: CompileOptions = {}): Uint8Array {
  const literal = literalGraph(config, weights);
  const graph = (options.fold ?? true) ? FOLDS.reduce((folded, fold) => fold(folded), literal) : literal;
  return encodeOnnx(graph, options.metadata ?? {});
}
