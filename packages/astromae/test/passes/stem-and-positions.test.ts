import '@cosmicai/payload/no-telemetry';
import { Tensor } from 'onnxruntime-node';
import { GraphBuilder } from '../../src/graph/builder.ts';
import { floats, type Graph } from '../../src/graph/graph.ts';
import { foldBatchNorm } from '../../src/passes/fold-batch-norm.ts';
import { fuseGelu } from '../../src/passes/fuse-gelu.ts';
import { mergePointwise } from '../../src/passes/merge-pointwise.ts';
import { poolBeforeStem } from '../../src/passes/pool-before-stem.ts';
import { sumPositions } from '../../src/passes/sum-positions.ts';
import { expectSame } from '../support/expect-same.ts';
import { narrowConfig } from '../support/narrow-config.ts';
import { largestDifference, runSmall } from '../support/run-onnx.ts';

/** Convolution, then average pool, with the given kernel side. */
function convolvedThenPooled(kernel: number): Graph {
  const graph = new GraphBuilder('pooled');
  graph.input({ name: 'x', type: 'float32', shape: ['n', 1, 4, 4] });
  const weight = floats(
    [1, 1, kernel, kernel],
    Float32Array.from({ length: kernel ** 2 }, (_, index) => index + 1),
  );
  const conv = graph.node('conv', 'Conv', [
    'x',
    graph.constant('weight', weight),
    graph.constant('bias', floats([1], Float32Array.of(0.5))),
  ]);
  graph.node('y', 'AveragePool', [conv], { attributes: { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } } });
  graph.output({ name: 'y', type: 'float32', shape: ['n', 1, 'h', 'w'] });
  return graph.build();
}

describe('poolBeforeStem', () => {
  it('pools the bands instead of the channels', async () => {
    const { graph } = await expectSame(narrowConfig(), poolBeforeStem);
    const pooled = graph.nodes.filter(({ op }) => op === 'AveragePool').map(({ inputs }) => inputs[0]);
    expect(pooled).toContain('image');
  });

  it('swaps pool and convolution exactly', async () => {
    const graph = convolvedThenPooled(1);
    const swapped = poolBeforeStem(graph);
    const x = new Tensor(
      'float32',
      Float32Array.from({ length: 16 }, (_, index) => Math.sin(index)),
      [1, 1, 4, 4],
    );
    expect(swapped.nodes.map(({ op }) => op)).toEqual(['AveragePool', 'Conv']);
    expect(largestDifference(await runSmall(swapped, x), await runSmall(graph, x))).toBeLessThan(1e-6);
  });

  it('does not move a pool before a wider convolution', () => {
    expect(poolBeforeStem(convolvedThenPooled(3)).nodes.map(({ op }) => op)).toEqual(['Conv', 'AveragePool']);
  });
});

describe('mergePointwise', () => {
  it('merges the stem into three branches and keeps it for the pooled one', async () => {
    const { graph } = await expectSame(narrowConfig(), mergePointwise, [foldBatchNorm, poolBeforeStem]);
    const pooledBands = graph.nodes.find(({ op }) => op === 'AveragePool')!.outputs[0];
    const readers = graph.nodes.filter(({ inputs }) => inputs.includes(pooledBands!));
    expect(readers.map(({ op }) => op)).toEqual(['Conv', 'Conv', 'Conv', 'Conv']);
  });
});

describe('sumPositions', () => {
  it('needs no copy of the class token for every sample', async () => {
    const { after } = await expectSame(narrowConfig({ patchSize: 4 }), sumPositions);
    expect(after.Expand).toBeUndefined();
    expect(after.Shape).toBeUndefined();
  });
});

describe('fuseGelu', () => {
  it('finds every exact GELU', async () => {
    const { after } = await expectSame(narrowConfig(), fuseGelu);
    expect(after.Gelu).toBe(2);
    expect(after.Erf).toBeUndefined();
  });
});
