import { GraphBuilder } from '../../src/graph/builder.ts';
import { floats } from '../../src/graph/graph.ts';
import { foldBatchNorm } from '../../src/passes/fold-batch-norm.ts';
import { expectSame, operators } from '../support/expect-same.ts';
import { narrowConfig } from '../support/narrow-config.ts';

describe('foldBatchNorm', () => {
  it('leaves no BatchNorm, grouped convolutions included, and the same predictions', async () => {
    const { before, after } = await expectSame(narrowConfig(), foldBatchNorm);
    expect(before.BatchNormalization).toBe(18);
    expect(after.BatchNormalization).toBeUndefined();
    expect(after.Conv).toBe(before.Conv);
  });

  it('leaves a BatchNorm alone whose convolution something else reads', () => {
    const graph = new GraphBuilder('shared');
    graph.input({ name: 'x', type: 'float32', shape: ['n', 1, 2, 2] });
    const one = (name: string): string => graph.constant(name, floats([1], Float32Array.of(2)));
    const kernel = graph.constant('kernel', floats([1, 1, 1, 1], Float32Array.of(3)));
    const conv = graph.node('conv', 'Conv', ['x', kernel, one('bias')]);
    const norm = graph.node('norm', 'BatchNormalization', [conv, one('g'), one('b'), one('m'), one('v')], {
      attributes: { epsilon: { float: 1e-5 } },
    });
    graph.node('y', 'Add', [conv, norm]);
    graph.output({ name: 'y', type: 'float32', shape: ['n', 1, 2, 2] });
    expect(operators(foldBatchNorm(graph.build()))).toEqual({ Conv: 1, BatchNormalization: 1, Add: 1 });
  });
});
