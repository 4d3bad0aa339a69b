/**
 * One warm function and many models in turn: node packages/cli/bench/many-models.ts [models] [MiB of memory] [depth]
 *
 * The packaged inference function in one process of the local engine, each invocation with a model that it hasn't seen: the
 * demo model with an entry of its own in the metadata or, with a depth given, a model of so many blocks with random weights.
 * Prints the most memory that the process has had after each, and what it has left in the folder for temporary files.
 */
import { mkdtemp, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileAstroMae, PUBLISHED_CONFIG, randomWeights } from '@cosmicai/astromae';
import { demoModel } from '@cosmicai/demo-model';
import { withMetadata } from '@cosmicai/inference';
import { createFunctionPool, localFunctions } from '@cosmicai/local';
import type { FunctionReport } from '@cosmicai/payload';
import { fileStore } from '@cosmicai/store';
import { writeSurvey } from '@cosmicai/survey';

const [models = 12, memoryMiB = 1769, depth = 0] = process.argv.slice(2).map(Number);
const folder = await mkdtemp(join(tmpdir(), 'cosmicai-models-bench-'));
try {
  await measure();
} finally {
  await rm(folder, { recursive: true });
}

async function graph(): Promise<Uint8Array> {
  if (depth === 0) return await readFile(demoModel());
  const config = { ...PUBLISHED_CONFIG, encoder: { ...PUBLISHED_CONFIG.encoder, depth } };
  return compileAstroMae(config, randomWeights(config, 1));
}

async function measure(): Promise<void> {
  const temporary = join(folder, 'tmp');
  await mkdir(temporary);
  await writeSurvey(fileStore(join(folder, 'galaxies')), '', { count: 512, seed: 1, partitionBytes: 64e6 });
  const bytes = await graph();
  process.stdout.write(`${models} models of ${(bytes.length / 1e6).toFixed(0)} MB, ${memoryMiB} MiB of memory\n`);
  const { infer } = await localFunctions({ modelPath: demoModel(), memoryMiB, concurrency: 1, store: undefined });
  const environment = { ...infer.environment, TMPDIR: temporary };
  const pool = createFunctionPool({
    functions: { infer: { ...infer, environment } },
    concurrency: 1,
    logDirectory: join(folder, 'logs'),
  });
  const bucket = pathToFileURL(join(folder, 'galaxies')).href;
  // A store, as a file's address names a file of the function's own machine.
  const store = fileStore(join(folder, 'galaxies'));
  try {
    for (let index = 0; index < models; index++) {
      await store.put('model.onnx', withMetadata(bytes, 'number', String(index)));
      const task = {
        ...{ S3_BUCKET: bucket, DATA_BUCKET: bucket, DATA_PREFIX: '', DATA_PATH: '1.pt', MODEL: 'model.onnx' },
        ...{ RESULT_PATH: 'results', BATCH_SIZE: 32, WORLD_SIZE: '1', RANK: '0', RUN_ID: `run-${index}` },
      };
      let report: FunctionReport | undefined;
      await pool.invoke('infer', JSON.stringify(task), { onReport: (found) => (report = found) });
      const left = await readdir(temporary, { recursive: true });
      process.stdout.write(
        `${index + 1}: at most ${report?.maxMemoryUsedMb} MiB so far, ${report?.initDurationMs === undefined ? 'warm' : 'cold'}, ${left.length} names in its folder for temporary files\n`,
      );
    }
  } finally {
    await pool.close();
  }
}
