import { readdirSync } from 'node:fs';
import { compileAstroMae, countParameters, importCheckpoint } from '../src/index.ts';
import { fileSource, GOLDEN_FOLDER, readGolden, readInputs } from './support/golden-files.ts';
import { largestDifference, predict } from './support/run-onnx.ts';

/** Of redshifts near 0.3; PyTorch's own float32 predictions stray up to 4e-7 from float64. */
const TOLERANCE = 2e-6;

const names = readdirSync(GOLDEN_FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length));

/** State dicts do not show the number of heads. */
const hintsFor = (form: string, heads: number) => (form.includes('state-dict') ? { heads } : {});

describe('checkpoints of PyTorch', () => {
  it('are there for eight configurations in six forms', () => {
    expect(names.length).toBeGreaterThanOrEqual(8);
    expect(new Set(names.map((name) => readGolden(GOLDEN_FOLDER, name).form)).size).toBe(6);
  });

  describe.each(names)('%s', (name) => {
    const golden = readGolden(GOLDEN_FOLDER, name);
    const read = () =>
      importCheckpoint(fileSource(GOLDEN_FOLDER, `${name}.pt`), hintsFor(golden.form, golden.config.heads));

    it('are read with every hyperparameter', async () => {
      const { config, form } = await read();
      const expected = golden.config;
      expect(form).toBe(golden.form.includes('state-dict') ? 'state-dict' : 'module');
      expect(countParameters(config).total).toBe(golden.parameters);
      expect(config.imageSize).toBe(expected.image_size);
      expect(config.encoder).toMatchObject({
        patchSize: expected.patch_size,
        embedding: expected.embedding,
        depth: expected.depth,
        heads: expected.heads,
        attentionScale: expect.closeTo((expected.embedding / expected.heads) ** -0.5, 12),
        attentionBias: !expected.qv_bias ? 'none' : expected.pcm ? 'qv' : 'qkv',
        normEpsilon: expected.norm_eps,
      });
      expect(config.encoder?.pcm).toEqual(
        expected.pcm ? expect.objectContaining({ kernel: expected.pcm_kernel, groups: expected.pcm_groups }) : null,
      );
    });

    it('predict in onnxruntime what they predict in PyTorch, folded or not', async () => {
      const { config, weights } = await read();
      const inputs = await readInputs(GOLDEN_FOLDER, golden);
      const literal = await predict(compileAstroMae(config, weights, { fold: false }), inputs);
      const folded = await predict(compileAstroMae(config, weights), inputs);
      expect(largestDifference(literal, golden.predictions)).toBeLessThan(TOLERANCE);
      expect(largestDifference(folded, golden.predictions)).toBeLessThan(TOLERANCE);
      expect(largestDifference(folded, golden.predictions_float64)).toBeLessThan(TOLERANCE);
      expect(largestDifference(folded, literal)).toBeLessThan(TOLERANCE);
    });
  });
});
