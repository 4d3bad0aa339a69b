import type { AstroMaeConfig } from '../../src/config.ts';
import type { Graph, Pass } from '../../src/graph/graph.ts';
import { literalGraph } from '../../src/model/astromae.ts';
import { encodeOnnx } from '../../src/onnx/encode.ts';
import { randomWeights } from '../../src/random-weights.ts';
import { largestDifference, predict, waves } from './run-onnx.ts';

/** float32 sums in another order: a few units in the last place of predictions near 1. */
export const ROUNDING = 2e-6;

/** Operators of a graph and how many of each. */
export function operators(graph: Graph): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { op } of graph.nodes) counts[op] = (counts[op] ?? 0) + 1;
  return counts;
}

/**
 * Applies a pass to the literal graph of a configuration with random weights, after the passes it builds upon, and checks
 * in onnxruntime that predictions stay the same. Answers the operators before and after, and the
 * graph after.
 */
export async function expectSame(
  config: AstroMaeConfig,
  pass: Pass,
  before: readonly Pass[] = [],
): Promise<{ before: Record<string, number>; after: Record<string, number>; graph: Graph }> {
  const graph = before.reduce((input, earlier) => earlier(input), literalGraph(config, randomWeights(config, 5)));
  const rewritten = pass(graph);
  const inputs = waves(config, 3);
  const [expected, found] = await Promise.all([
    predict(encodeOnnx(graph, {}), inputs),
    predict(encodeOnnx(rewritten, {}), inputs),
  ]);
  // Predictions that don't depend on the sample would hide what a pass breaks.
  expect(new Set(expected).size).toBe(3);
  expect(largestDifference(found, expected)).toBeLessThan(ROUNDING);
  return { before: operators(graph), after: operators(rewritten), graph: rewritten };
}
