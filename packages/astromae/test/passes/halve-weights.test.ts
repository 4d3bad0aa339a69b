import { compileAstroMae, inspectModel, randomWeights } from '../../src/index.ts';
import { floats } from '../../src/graph/graph.ts';
import { narrowConfig } from '../support/narrow-config.ts';
import { largestDifference, predict, waves } from '../support/run-onnx.ts';

const config = narrowConfig({ embedding: 192, mlpHidden: 512, headFeatures: 192, hidden: 192, features: 192 });

describe('halveWeights', () => {
  it('nearly halves the file and moves predictions by less than a thousandth', async () => {
    const weights = randomWeights(config, 2);
    const whole = compileAstroMae(config, weights);
    const half = compileAstroMae(config, weights, { weightsType: 'fp16' });
    expect(half.byteLength / whole.byteLength).toBeLessThan(0.6);
    const inputs = waves(config, 4);
    const difference = largestDifference(await predict(half, inputs), await predict(whole, inputs));
    expect(difference).toBeGreaterThan(0);
    expect(difference).toBeLessThan(1e-3);
    expect(inspectModel(half).flops).toEqual(inspectModel(whole).flops);
  });

  it('keeps a matrix whole that half precision could not hold', async () => {
    const weights = new Map(randomWeights(config, 2));
    const large = weights.get('blocks.0.mlp.fc1.weight')!;
    weights.set(
      'blocks.0.mlp.fc1.weight',
      floats(
        large.dims,
        large.data.map((value) => value * 1e6),
      ),
    );
    const inputs = waves(config, 2);
    const predictions = await predict(compileAstroMae(config, weights, { weightsType: 'fp16' }), inputs);
    expect(predictions.every((value) => Number.isFinite(value))).toBe(true);
  });
});
