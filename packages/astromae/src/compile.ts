import type { NetworkConfig } from './config.ts';
import { toMetadata, type WeightsType } from './file-metadata.ts';
import { literalGraph } from './model/astromae.ts';
import { encodeOnnx } from './onnx/encode.ts';
import { halveWeights } from './passes/halve-weights.ts';
import { FOLDS } from './passes/index.ts';
import type { Weights } from './weights.ts';

export interface CompileOptions {
  /** Apply the exact folds (default) or keep the graph operator by operator as PyTorch runs it. */
  readonly fold?: boolean;
  /** How the file stores matrices; arithmetic is float32 either way. Default fp32. */
  readonly weightsType?: WeightsType;
  /** Provenance to store in the file, e.g. name and sha-256 of the checkpoint. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What the file says of the galaxies that it takes and of its answers, under `cosmicai.spec`. */
  readonly sample?: Readonly<Record<string, string>>;
}

/**
 * Compiles AstroMAE, or one of the networks that it is made of, to the bytes of an ONNX file.
 *
 * Inputs: `image` [batch, bands, S, S] and, of a network that takes them, `magnitudes` [batch, features], float32. Output:
 * `redshift` [batch, 1], `density` [batch, bins] of probabilities, or `embedding` [batch, length], float32.
 * The same configuration, weights and options give the same bytes.
 *
 * @param weights as importCheckpoint or randomWeights give them: every tensor of the configuration, in its shape
 */
export function compileAstroMae(config: NetworkConfig, weights: Weights, options: CompileOptions = {}): Uint8Array {
  const { fold = true, weightsType = 'fp32', metadata = {}, sample = {} } = options;
  const literal = literalGraph(config, weights);
  const folded = fold ? FOLDS.reduce((graph, pass) => pass(graph), literal) : literal;
  const stored = weightsType === 'fp16' ? halveWeights(folded) : folded;
  return encodeOnnx(stored, { ...toMetadata({ config, folded: fold, weightsType, provenance: metadata }), ...sample });
}
