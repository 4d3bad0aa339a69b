import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { withMetadata } from '@cosmicai/inference';
import { createFunctionPool, localFunctions } from '@cosmicai/local';
import type { FunctionReport } from '@cosmicai/payload';
import { fileStore } from '@cosmicai/store';
import { Workspace } from './support/workspace.ts';

const workspace = new Workspace();
afterAll(() => workspace.remove());

/** Too little for the sessions of all of them, some 45 MB each. */
const MEMORY_MIB = 400;
const MODELS = 8;

it('a warm function outlives models that don’t fit into its memory together, and leaves none in files', async () => {
  await workspace.survey('galaxies', { count: 15, files: 1 });
  const temporary = workspace.path('tmp');
  mkdirSync(temporary);
  const store = fileStore(workspace.folder);
  const bucket = pathToFileURL(workspace.folder).href;
  const { infer } = await localFunctions({
    modelPath: workspace.modelPath,
    memoryMiB: MEMORY_MIB,
    // One thread each: processes share the cores.
    concurrency: availableParallelism(),
    store: undefined,
  });
  const pool = createFunctionPool({
    functions: { infer: { ...infer, environment: { ...infer.environment, TMPDIR: temporary } } },
    concurrency: 1,
    logDirectory: workspace.path('logs'),
  });
  const reports: FunctionReport[] = [];
  const bytes = readFileSync(workspace.modelPath);
  try {
    for (let index = 0; index < MODELS; index++) {
      await store.put('model.onnx', withMetadata(bytes, 'number', String(index)));
      const task = {
        ...{ S3_BUCKET: bucket, DATA_BUCKET: bucket, DATA_PREFIX: 'galaxies', DATA_PATH: 'galaxies/1.pt' },
        ...{ RESULT_PATH: 'results', BATCH_SIZE: 32, WORLD_SIZE: '1', RANK: '0', RUN_ID: `run-${index}` },
        MODEL: 'model.onnx',
      };
      await pool.invoke('infer', JSON.stringify(task), { onReport: (report) => reports.push(report) });
    }
  } finally {
    await pool.close();
  }
  // One process, that started once.
  expect(reports.map(({ initDurationMs }) => initDurationMs !== undefined)).toEqual([
    true,
    ...Array.from({ length: MODELS - 1 }, () => false),
  ]);
  const files = readdirSync(temporary, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.map(({ name }) => name).filter((name) => !name.endsWith('.probe.json'))).toEqual([]);
}, 300_000);
