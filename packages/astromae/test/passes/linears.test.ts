import '@cosmicai/payload/no-telemetry';
import { Tensor } from 'onnxruntime-node';
import { GraphBuilder } from '../../src/graph/builder.ts';
import { floats, type Graph } from '../../src/graph/graph.ts';
import { mergeIntoFusion } from '../../src/passes/merge-into-fusion.ts';
import { mergeLinears } from '../../src/passes/merge-linears.ts';
import { poolBeforeLinear } from '../../src/passes/pool-before-linear.ts';
import { expectSame, operators } from '../support/expect-same.ts';
import { narrowConfig } from '../support/narrow-config.ts';
import { largestDifference, runSmall } from '../support/run-onnx.ts';

/** Two Linear layers of the given widths, one after the other. */
function pair(inputs: number, middle: number, outputs: number): Graph {
  const graph = new GraphBuilder('pair');
  const numbers = (length: number) => Float32Array.from({ length }, (_, index) => Math.sin(index + length));
  const linear = (name: string, from: string, [rows, columns]: [number, number]): string =>
    graph.node(
      name,
      'Gemm',
      [
        from,
        graph.constant(`${name}.weight`, floats([rows, columns], numbers(rows * columns))),
        graph.constant(`${name}.bias`, floats([rows], numbers(rows))),
      ],
      { attributes: { transB: { int: 1 } } },
    );
  graph.input({ name: 'x', type: 'float32', shape: ['n', inputs] });
  linear('y', linear('first', 'x', [middle, inputs]), [outputs, middle]);
  graph.output({ name: 'y', type: 'float32', shape: ['n', outputs] });
  return graph.build();
}

describe('mergeLinears', () => {
  it('merges head into vit_block and nothing across a ReLU', async () => {
    const { before, after } = await expectSame(narrowConfig(), mergeLinears);
    expect(after.Gemm).toBe(before.Gemm! - 1);
  });

  it('computes what the two layers compute', async () => {
    const graph = pair(4, 5, 3);
    const merged = mergeLinears(graph);
    const x = new Tensor(
      'float32',
      Float32Array.from({ length: 8 }, (_, index) => Math.cos(index)),
      [2, 4],
    );
    expect(operators(merged)).toEqual({ Gemm: 1 });
    expect(largestDifference(await runSmall(merged, x), await runSmall(graph, x))).toBeLessThan(1e-6);
  });

  it('keeps a bottleneck: merging it would cost more', () => {
    expect(operators(mergeLinears(pair(40, 2, 40)))).toEqual({ Gemm: 2 });
  });
});

describe('mergeIntoFusion', () => {
  it('takes in the last Linear of all three branches', async () => {
    const { before, after } = await expectSame(narrowConfig(), mergeIntoFusion);
    expect(after.Gemm).toBe(before.Gemm! - 3);
  });
});

describe('poolBeforeLinear', () => {
  it('pools before the last Linear of the last block', async () => {
    const { before, after } = await expectSame(narrowConfig(), poolBeforeLinear);
    expect(after.MatMul).toBe(before.MatMul! - 1);
    expect(after.Gemm).toBe(before.Gemm! + 1);
  });
});
