import { existsSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { demoModel } from '@cosmicai/demo-model';
import { DEFAULT_CALIBRATION } from '@cosmicai/quote';
import { withMetadata } from '@cosmicai/inference';
import { MODEL_SPEC_KEY, modelSpecSchema, type RankResult } from '@cosmicai/payload';
import { openGalaxies, openSamples } from '@cosmicai/samples';
import { fileStore, storeSource, type ObjectStore } from '@cosmicai/store';
import { writeSurvey } from '@cosmicai/survey';
import { MEGABYTE, writePartition } from '@cosmicai/torchfile';
import { image, testModel } from '../../../test/onnx-models.ts';
import { calibrationOfProbe, probe, type ProbedProcess, type ProbeOptions } from '../src/probe.ts';

const GALAXIES = 6;

let folder: string;
let partition: { readonly store: ObjectStore; readonly key: string };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-probed-'));
  const store = fileStore(folder);
  await writeSurvey(store, 'parts', { count: GALAXIES, seed: 3, partitionBytes: MEGABYTE });
  partition = { store, key: 'parts/1.pt' };
});
afterAll(() => rm(folder, { recursive: true }));

/** What a rank leaves that had `loading` seconds to load its model. */
function rankResult(loading: number, peakRss: number): RankResult {
  return {
    'total_cpu_time (seconds)': 3,
    'total_cpu_memory (MB)': peakRss,
    'execution_time (seconds/batch)': 3,
    num_batches: 1,
    batch_size: GALAXIES,
    device: 'cpu',
    throughput_bps: 1,
    sample_persec: 2,
    result_path: 'results',
    data_path: '1.pt',
    s3_total_time: 0.5,
    s3_avg_time: 0.25,
    s3_min_time: 0.2,
    s3_max_time: 0.3,
    run_id: null,
    rank: 0,
    world_size: 1,
    samples: GALAXIES,
    bits: 1,
    partitions: [{ key: '1.pt', size: 1, samples: GALAXIES }],
    predictions_key: 'results/predictions/0.parquet',
    model_sha256: 'ab'.repeat(32),
    started_at: '2026-01-01T00:00:03.000Z',
    cold_start: loading > 0,
    timing: { model_load: loading, read: 0.5, inference: 3, write: 0.1, total: 4 },
    peak_rss_mb: peakRss,
    memory_limit_mb: 10_240,
    architecture: 'x64',
    prediction_scores: {
      ...{ count: GALAXIES, excluded: 0, mae: 0, mse: 0, bias: 0, precision: 0, precision_error: 0, r2: 1 },
      ...{ outlier_fraction_005: 0, outlier_fraction_015: 0 },
    },
    cpu_seconds: 4,
  };
}

/** A function's process that answers with these results, one after the other, and keeps what it was asked. */
function standIn(results: readonly RankResult[]) {
  const seen = { tasks: [] as Record<string, unknown>[], galaxies: [] as number[], ended: 0, folder: '', model: '' };
  const openProcess: ProbeOptions['openProcess'] = (model, within) => {
    Object.assign(seen, { folder: within, model });
    const store = fileStore(within);
    const process: ProbedProcess = {
      async invoke(task, onStart) {
        const first = seen.tasks.length === 0;
        seen.tasks.push(JSON.parse(task) as Record<string, unknown>);
        seen.galaxies.push((await openSamples(await storeSource(store, '1.pt'))).count);
        if (first) onStart(0.25);
        await store.put('results/0.json', JSON.stringify(results[seen.tasks.length - 1]));
      },
      [Symbol.asyncDispose]: () => {
        seen.ended++;
        return Promise.resolve();
      },
    };
    return Promise.resolve(process);
  };
  return { seen, openProcess };
}

const { signal } = new AbortController();

describe('a probe of this machine', () => {
  it('works on the first galaxies of a partition twice in one process, and leaves nothing behind', async () => {
    const { seen, openProcess } = standIn([rankResult(0.5, 300), rankResult(0, 320)]);
    const probed = await probe({ partition, batchSize: 4, openProcess, signal });

    expect(probed).toMatchObject({ data: 'parts/1.pt', galaxies: GALAXIES, batchSize: 4 });
    expect(probed).toMatchObject({ startSeconds: 0.25, modelLoadSeconds: 0.5, modelDownloadBytes: 0 });
    expect(probed.ranks.map(({ cold_start }) => cold_start)).toEqual([true, false]);
    expect(probed.readBytesPerSecond).toBeGreaterThan(0);
    expect(seen).toMatchObject({ galaxies: [GALAXIES, GALAXIES], ended: 1, model: undefined });
    expect(seen.tasks[0]).toMatchObject({ DATA_PATH: '1.pt', BATCH_SIZE: 4, WORLD_SIZE: '1', RANK: '0' });
    expect(seen.tasks[1]).toEqual(seen.tasks[0]);
    expect(existsSync(seen.folder)).toBe(false);
  });

  it('fetches a model of a store as a rank would, unless a file of this machine is named', async () => {
    const storedModel = { store: fileStore(dirname(demoModel())), key: basename(demoModel()) };
    const results = [rankResult(0.5, 300), rankResult(0, 320)];
    const [stored, named] = [standIn(results), standIn(results)];
    const fetched = await probe({ partition, batchSize: 4, storedModel, openProcess: stored.openProcess, signal });
    const given = await probe({
      ...{ partition, batchSize: 4, storedModel, model: demoModel('fp32') },
      ...{ openProcess: named.openProcess, signal },
    });

    expect(fetched.modelDownloadBytes).toBeGreaterThanOrEqual(statSync(demoModel()).size);
    expect(fetched.modelDownloadObjects).toBeGreaterThan(0);
    expect(dirname(stored.seen.model)).toBe(join(stored.seen.folder, 'model'));
    expect(given).toMatchObject({ modelDownloadBytes: 0, modelDownloadObjects: 0 });
    expect(named.seen.model).toBe(demoModel('fp32'));
  });

  it.each([
    ['simulated', undefined],
    ['of a partition, resized', 'own.pt'],
  ])('gives a model galaxies as it takes them: %s', async (_, key) => {
    const model = join(folder, `${key ?? 'none'}.onnx`);
    const spec = { inputs: { image: { bands: ['g', 'r', 'i'], side: 4, fit: 'resize' } } };
    const graph = testModel({ image: image('n', 3, 4, 4), magnitudes: null });
    writeFileSync(model, withMetadata(graph, MODEL_SPEC_KEY, JSON.stringify(spec)));
    const store = fileStore(folder);
    const shape = { count: 2, imageShape: [3, 8, 8], features: 1, redshiftDtype: null } as const;
    const batch = {
      from: 0,
      count: 2,
      images: new Float32Array(2 * 192).fill(1),
      magnitudes: new Float64Array(2),
      redshift: null,
    };
    if (key !== undefined) await writePartition(store, key, shape, [batch]);
    const { seen, openProcess } = standIn([rankResult(0.5, 300), rankResult(0, 320)]);
    const asSeen: ProbeOptions['openProcess'] = async (opened, within) => {
      const taken = await openGalaxies(await storeSource(fileStore(within), '1.pt'), {
        spec: modelSpecSchema.parse(spec),
      });
      shapes.push([taken.count, (await taken.read(0, 1)).images.length]);
      return openProcess(opened, within);
    };
    const shapes: number[][] = [];
    const from = key === undefined ? undefined : { store, key };
    await probe({ partition: from, batchSize: 4, model, openProcess: asSeen, signal });
    expect(shapes).toEqual([[key === undefined ? 2048 : 2, 48]]);
    expect(seen.ended).toBe(1);
  });

  it('that is stopped or fails ends its process and leaves nothing behind', async () => {
    const stop = new AbortController();
    const { seen, openProcess } = standIn([rankResult(0.5, 300)]);
    const stopping: ProbeOptions['openProcess'] = async (model, within) => {
      const process = await openProcess(model, within);
      return {
        ...process,
        invoke: async (task, onStart) => {
          await process.invoke(task, onStart);
          stop.abort(new Error('Ctrl-C'));
        },
        [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
      };
    };

    await expect(probe({ partition, batchSize: 4, openProcess: stopping, signal: stop.signal })).rejects.toThrow(
      'Ctrl-C',
    );
    expect(seen).toMatchObject({ ended: 1, galaxies: [GALAXIES] });
    expect(existsSync(seen.folder)).toBe(false);
  });

  it('tells rates and memory, but not how ranks differ', async () => {
    const { openProcess } = standIn([rankResult(0.5, 300), rankResult(0, 320)]);
    const calibration = calibrationOfProbe(await probe({ partition, batchSize: 4, openProcess, signal }));

    expect(calibration).toMatchObject({ samplesPerSecond: GALAXIES / 3, vcpus: 1, coldStartSeconds: 1.5 });
    expect(calibration.memory.baseMb).toBe(320);
    expect(calibration.source).toMatch(/^a probe on this machine \(\d+ x .+, Node v.+\), not on Lambda$/);
    const { rateSpread, stragglers } = DEFAULT_CALIBRATION;
    expect(calibration).toMatchObject({ rateSpread, stragglers, coldDownload: { bytes: 0, objects: 0 } });
  });
});
