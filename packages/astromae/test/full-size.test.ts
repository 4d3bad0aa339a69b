import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileAstroMae, importCheckpoint, inspectModel, PUBLISHED_CONFIG } from '../src/index.ts';
import { fileSource, readGolden, readInputs } from './support/golden-files.ts';
import { largestDifference, predict } from './support/run-onnx.ts';
import { torchPython } from '../../../test/torch-python.ts';

const GENERATOR = join(import.meta.dirname, '../../../training/golden/astromae_golden.py');
/** Redshifts near 0.3. PyTorch's own float32 predictions stray 6e-7 from float64 at this size. */
const TOLERANCE = 2e-6;
/** Large matrices rounded to 11 bits. */
const HALF_TOLERANCE = 1e-3;

const python = torchPython();
if (!python) {
  console.warn(
    'SKIPPED: the published configuration is not compared with PyTorch, as no Python with torch is here. ' +
      'Set COSMICAI_PYTHON to one that has torch and numpy.',
  );
}

(python ? describe : describe.skip)('the published configuration, against PyTorch on this machine', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cosmicai-astromae-'));
    execFileSync(python!, [GENERATOR, 'full', folder, '--samples', '16'], { stdio: ['ignore', 'inherit', 'inherit'] });
  }, 300_000);
  afterAll(() => rm(folder, { recursive: true }));

  it('is read whole from a DataParallel checkpoint and predicts the same', async () => {
    const golden = readGolden(folder, 'published');
    const { config, weights } = await importCheckpoint(fileSource(folder, 'published.pt'));
    expect(config).toEqual({
      ...PUBLISHED_CONFIG,
      encoder: { ...PUBLISHED_CONFIG.encoder, attentionScale: expect.closeTo(32 ** -0.5, 12) as number },
    });

    const inputs = await readInputs(folder, golden);
    const folded = compileAstroMae(config, weights);
    expect(inspectModel(folded).parameters.total).toBe(golden.parameters);
    const predictions = await predict(folded, inputs);
    const literal = await predict(compileAstroMae(config, weights, { fold: false }), inputs);
    const half = await predict(compileAstroMae(config, weights, { weightsType: 'fp16' }), inputs);
    expect(largestDifference(predictions, golden.predictions)).toBeLessThan(TOLERANCE);
    expect(largestDifference(literal, golden.predictions)).toBeLessThan(TOLERANCE);
    expect(largestDifference(predictions, literal)).toBeLessThan(TOLERANCE);
    expect(largestDifference(half, golden.predictions)).toBeLessThan(HALF_TOLERANCE);
  }, 300_000);
});
