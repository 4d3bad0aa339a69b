/*
 * What 8 bits change in models of other configurations with random weights, in parts of the spread of their redshifts,
 * with all layers in integers and with those that are chosen by measuring: node packages/quantize/bench/random-models.ts [LARGEST CHANGE]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileAstroMae, PUBLISHED_CONFIG, randomWeights, type AstroMaeConfig } from '@cosmicai/astromae';
import { modelOnDisk, openModel, readModel } from '@cosmicai/inference';
import { simulateSurvey } from '@cosmicai/survey';
import { quantizeModel } from '../src/index.ts';

const { encoder } = PUBLISHED_CONFIG;
const CONFIGS: readonly (readonly [name: string, config: AstroMaeConfig])[] = [
  [
    '4 blocks of 96, 3 heads',
    {
      ...PUBLISHED_CONFIG,
      encoder: {
        ...encoder,
        ...{ depth: 4, embedding: 96, heads: 3, mlpHidden: 384, headFeatures: 96 },
        pcm: encoder.pcm && { ...encoder.pcm, groups: 24, hidden: 384 },
      },
    },
  ],
  ['8 blocks, patches of 4', { ...PUBLISHED_CONFIG, encoder: { ...encoder, depth: 8, patchSize: 4 } }],
];
/** Largest change that is let pass; by default it is 0.001. */
const MAX_CHANGE = Number(process.argv[2] ?? 1e-3);

const LAYERS = ['all', 'measured'] as const;

const folder = mkdtempSync(join(tmpdir(), 'cosmicai-random-models-'));
try {
  for (const [[name, config], layers] of CONFIGS.flatMap((one) => LAYERS.map((layers) => [one, layers] as const))) {
    const path = join(folder, 'model.onnx');
    writeFileSync(path, compileAstroMae(config, randomWeights(config, 7), { weightsType: 'fp16' }));
    const spread = await spreadOf(path);
    const { quantization, refusal } = await quantizeModel(await readModel(modelOnDisk(path)), {
      batches: async function* (batchSize) {
        yield* simulateSurvey({ count: 512, seed: 3, batchSize });
      },
      calibrateOn: 256,
      verifyOn: 256,
      maxChange: MAX_CHANGE,
      maxNmadChange: 0.01,
      layers,
      maxAnswerChange: 0.01,
      workers: 1,
    });
    const parts = [quantization.max_dz, quantization.mean_dz].map(
      (dz) => `${((100 * (dz ?? NaN)) / spread).toFixed(1)} %`,
    );
    process.stdout.write(
      `${name}, layers ${layers}: ${quantization.products} products, spread of z ${spread.toFixed(3)}; change at most ${parts[0]!} of it, on average ${parts[1]!}; ${refusal ?? 'written'}\n`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Standard deviation of a model's redshifts. */
async function spreadOf(modelPath: string): Promise<number> {
  const { predictor } = await openModel({ modelPath, workers: 1 });
  const redshifts: number[] = [];
  for (const galaxies of simulateSurvey({ count: 128, seed: 5, batchSize: 128 }))
    redshifts.push(...(await predictor.predict(galaxies)));
  await predictor.close();
  const mean = redshifts.reduce((sum, z) => sum + z, 0) / redshifts.length;
  return Math.sqrt(redshifts.reduce((sum, z) => sum + (z - mean) ** 2, 0) / redshifts.length);
}
