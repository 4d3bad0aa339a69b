/*
 * Peak memory of a rank over the number of its galaxies, each number in a process of its own: a file of 10,000 galaxies with small
 * images of one band, read over and over, and a model that does next to nothing, so that what grows is what the rank keeps.
 * V8's young generation, which grows by itself up to 100 MB where memory abounds, is kept at 4 MB. Prints JSON.
 *
 *   node packages/inference/bench/memory.ts [--galaxies 10000,100000,1000000] [--batch 512]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { MODEL_SPEC_KEY, parseAs, rankTaskSchema } from '@cosmicai/payload';
import { fileStore, openStore } from '@cosmicai/store';
import { writePartition } from '@cosmicai/torchfile';
import { image, magnitudes, testModel } from '../../../test/onnx-models.ts';
import { ModelCache, peakRssMb, runRank, withMetadata } from '../src/index.ts';

const IN_A_FILE = 10_000;
const SIDE = 8;
const FEATURES = ['mag_u', 'mag_g', 'mag_r', 'mag_i', 'mag_z'];
const { values } = parseArgs({
  options: {
    galaxies: { type: 'string', default: '10000,100000,1000000' },
    batch: { type: 'string', default: '512' },
    rank: { type: 'string' },
  },
});
const batchSize = Number(values.batch);

if (values.rank === undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'cosmicai-memory-'));
  try {
    const spec = { inputs: { image: { bands: ['r'], side: SIDE }, features: FEATURES } };
    const ports = { image: image('n', 1, SIDE, SIDE), magnitudes: magnitudes('n', FEATURES.length) };
    writeFileSync(join(folder, 'model.onnx'), withMetadata(testModel(ports), MODEL_SPEC_KEY, JSON.stringify(spec)));
    const wave = (length: number, period: number) => Float64Array.from({ length }, (_, at) => Math.sin(at / period));
    await writePartition(
      fileStore(folder),
      'data/1.pt',
      { count: IN_A_FILE, imageShape: [1, SIDE, SIDE], features: FEATURES.length },
      [
        {
          from: 0,
          count: IN_A_FILE,
          images: Float32Array.from(wave(IN_A_FILE * SIDE * SIDE, 97)),
          magnitudes: Float64Array.from(wave(IN_A_FILE * FEATURES.length, 31), (value) => Math.fround(18 + value)),
          redshift: Float64Array.from(wave(IN_A_FILE, 3), (value) => 0.1 + value / 20),
        },
      ],
    );
    const table = values.galaxies.split(',').map((galaxies) => {
      const [node, ...more] = [
        process.execPath,
        '--max-semi-space-size=4',
        import.meta.filename,
        '--rank',
        folder,
        '--batch',
        values.batch,
      ];
      const row: unknown = JSON.parse(execFileSync(node, [...more, '--galaxies', galaxies]).toString());
      process.stderr.write(`${JSON.stringify(row)}\n`);
      return row;
    });
    process.stdout.write(`${JSON.stringify({ batch_size: batchSize, table }, null, 2)}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
} else {
  const bucket = pathToFileURL(values.rank).href;
  const files = Array.from({ length: Math.ceil(Number(values.galaxies) / IN_A_FILE) }, () => 'data/1.pt');
  const models = new ModelCache({
    openStore,
    defaultModelPath: join(values.rank, 'model.onnx'),
    sessions: { workers: 2 },
    cacheFolder: join(values.rank, 'cache'),
  });
  const started = performance.now();
  const item = {
    S3_BUCKET: bucket,
    DATA_BUCKET: bucket,
    WORLD_SIZE: '1',
    RANK: '0',
    DATA_PATH: files,
    RESULT_PATH: 'out',
    BATCH_SIZE: batchSize,
    RUN_ID: `run-${values.galaxies}`,
  };
  const { samples } = await runRank(parseAs(rankTaskSchema, item, 'task'), {
    openStore,
    loadModel: (task) => models.load(task),
    monotonic: () => performance.now(),
    now: () => new Date(),
    coldStart: true,
    cpuSeconds: () => process.cpuUsage().user / 1e6,
    peakRssMb,
    memoryLimitMb: null,
    architecture: 'x86_64',
  });
  const row = { galaxies: samples, peak_mb: peakRssMb(), seconds: (performance.now() - started) / 1000 };
  process.stdout.write(JSON.stringify(row));
}
