/*
 * Makes the demo model in 8-bit integers from the one in float32 and the demo's survey, with the layers that the present one records, so
 * the same bytes each time: node scripts/quantize-demo-model.ts [file]. With --check it writes nothing, and fails where the bytes differ
 * from the file's. With --measure layers are measured and chosen anew, on a quiet machine.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { demoModel } from '../packages/demo-model/src/index.ts';
import { modelOnDisk, readModel } from '../packages/inference/src/index.ts';
import { quantizeModel, readLayers } from '../packages/quantize/src/index.ts';
import { simulateSurvey } from '../packages/survey/src/index.ts';

/** That of `cosmicai demo`; the model card's held-out galaxies have others. */
const SEED = 2026;
const GALAXIES = 8192;

const check = process.argv.includes('--check');
const file = process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? demoModel('int8');
const layers = process.argv.includes('--measure') ? 'measured' : await readLayers(demoModel('int8'));
const { bytes, quantization, refusal } = await quantizeModel(await readModel(modelOnDisk(demoModel('fp32'))), {
  batches: async function* (batchSize) {
    yield* simulateSurvey({ count: GALAXIES, seed: SEED, batchSize });
  },
  layers,
  calibrateOn: GALAXIES / 2,
  verifyOn: GALAXIES / 2,
  maxChange: 1e-3,
  maxAnswerChange: 0.01,
  maxNmadChange: 0.01,
});
process.stdout.write(`${JSON.stringify(quantization, null, 1)}\n`);
if (refusal !== undefined) throw new Error(refusal);
if (!check) writeFileSync(file, bytes);
else if (!readFileSync(file).equals(bytes)) throw new Error(`${file} is not what this script makes of the model.`);
