import fc from 'fast-check';
import { compileAstroMae, inspectModel, PUBLISHED_CONFIG, randomWeights } from '../../src/index.ts';
import { ROUNDING } from '../support/expect-same.ts';
import { narrowConfig } from '../support/narrow-config.ts';
import { largestDifference, predict, waves } from '../support/run-onnx.ts';

describe('all folds together', () => {
  it.each([
    ['cells', narrowConfig()],
    ['cells with 3x3 kernels', narrowConfig({ pcm: { kernel: 3, groups: 48, hidden: 48, batchNormEpsilon: 1e-5 } })],
    ['plain blocks', narrowConfig({ pcm: null, attentionBias: 'qkv' })],
    ['images of 64 pixels', narrowConfig({ patchSize: 16 }, 64)],
    ['one block, one head', narrowConfig({ depth: 1, heads: 1 })],
  ])('predict the same: %s', async (_, config) => {
    const weights = randomWeights(config, 3);
    const inputs = waves(config, 4);
    const literal = await predict(compileAstroMae(config, weights, { fold: false }), inputs);
    const folded = await predict(compileAstroMae(config, weights), inputs);
    expect(largestDifference(folded, literal)).toBeLessThan(ROUNDING);
  });

  it('predict the same for any dimensions', async () => {
    const dimensions = fc.record({
      depth: fc.integer({ min: 1, max: 3 }),
      heads: fc.constantFrom(1, 2, 3, 4, 6, 12),
      patchSize: fc.constantFrom(4, 8, 16),
      attentionBias: fc.constantFrom('none' as const, 'qv' as const, 'qkv' as const),
      mlpHidden: fc.integer({ min: 1, max: 70 }),
      headFeatures: fc.integer({ min: 1, max: 60 }),
      pcm: fc.option(
        fc.record({
          kernel: fc.constantFrom(1, 3, 5),
          groups: fc.constantFrom(1, 3, 8, 24, 48),
          hidden: fc.constantFrom(48, 96),
          batchNormEpsilon: fc.constantFrom(1e-5, 1e-3),
        }),
      ),
    });
    const property = fc.asyncProperty(dimensions, fc.nat(), async (encoder, seed) => {
      const config = narrowConfig(encoder);
      const weights = randomWeights(config, seed);
      const inputs = waves(config, 2);
      const literal = await predict(compileAstroMae(config, weights, { fold: false }), inputs);
      const folded = await predict(compileAstroMae(config, weights), inputs);
      const scale = Math.max(1, ...literal.map(Math.abs));
      expect(largestDifference(folded, literal) / scale).toBeLessThan(ROUNDING);
    });
    await fc.assert(property, { numRuns: 20, seed: 20 });
  });

  it('predict each sample by itself: the batch it is in changes nothing but rounding', async () => {
    const config = narrowConfig();
    const model = compileAstroMae(config, randomWeights(config, 3));
    const inputs = waves(config, 5);
    const pixels = inputs.images.length / 5;
    const alone = await predict(model, {
      count: 1,
      images: inputs.images.slice(3 * pixels, 4 * pixels),
      magnitudes: inputs.magnitudes.slice(15, 20),
    });
    expect(largestDifference(alone, (await predict(model, inputs)).slice(3, 4))).toBeLessThan(ROUNDING);
  });

  it('leave the published configuration fewer operations and 12.6 million constants', () => {
    const weights = randomWeights(PUBLISHED_CONFIG, 1);
    const literal = inspectModel(compileAstroMae(PUBLISHED_CONFIG, weights, { fold: false }));
    const folded = inspectModel(compileAstroMae(PUBLISHED_CONFIG, weights));
    expect(literal.parameters.total).toBe(15_902_889);
    expect(literal.parameters.fineTuned).toBe(10_398_057);
    expect(literal.flops.total).toBe(221_536_000);
    expect(literal.flops.linear).toBe(201_193_728);
    expect(folded.flops.total).toBeLessThan(literal.flops.total);
    expect(folded.flops.attention).toBe(literal.flops.attention);
    expect(folded.constants).toBeLessThan(12_700_000);
    expect(folded.fileBytes).toBeLessThan(51_000_000);
  });
});
