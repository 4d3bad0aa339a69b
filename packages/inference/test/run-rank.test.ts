import { hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileAstroMae, PUBLISHED_CONFIG, randomWeights, type AstroMaeConfig } from '@cosmicai/astromae';
import { decodeReduction, QualityLedger, Reduction } from '@cosmicai/metrics';
import {
  parseAs,
  parseJsonAs,
  rankResultSchema,
  rankTaskSchema,
  UserInputError,
  type RankProgress,
} from '@cosmicai/payload';
import { fileStore, hashObject, openStore, sha256Of, type ObjectStore } from '@cosmicai/store';
import { writePartition, type PartitionBatch } from '@cosmicai/torchfile';
import { dataOf, torchFile } from '../../../test/torch-files.ts';
import {
  decodeHashes,
  decodePredictions,
  ModelCache,
  ModelChangedError,
  PartitionChangedError,
  PartitionError,
  runRank,
  type LoadedModel,
  type RankEnvironment,
} from '../src/index.ts';

/** The published architecture, one block deep: quick to build and to run. */
const config: AstroMaeConfig = { ...PUBLISHED_CONFIG, encoder: { ...PUBLISHED_CONFIG.encoder, depth: 1 } };

let folder: string;
let store: ObjectStore;
let models: ModelCache;
let model: LoadedModel;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-inference-'));
  store = fileStore(folder);
  const defaultModelPath = join(folder, 'model.onnx');
  await writeFile(defaultModelPath, compileAstroMae(config, randomWeights(config, 7)));
  models = new ModelCache({
    openStore,
    defaultModelPath,
    sessions: { workers: 2 },
    cacheFolder: join(folder, 'cache'),
  });
  model = await models.load({ S3_BUCKET: bucket() });
});
afterAll(async () => {
  await model.predictor.close();
  await rm(folder, { recursive: true });
});

const bucket = () => pathToFileURL(folder).href;

/** Samples whose values follow from their index alone. */
function samples(from: number, count: number): PartitionBatch {
  const wave = (length: number, period: number) =>
    Float64Array.from({ length }, (_, index) => Math.sin(from + index / period));
  return {
    from,
    count,
    images: Float32Array.from(wave(count * 5 * 32 * 32, 97)),
    magnitudes: wave(count * 5, 3).map((value) => 18 + value),
    redshift: wave(count, 11).map((value) => 0.1 + 0.05 * value),
  };
}

const givenPartition = (key: string, count: number) => writePartition(store, key, { count }, [samples(0, count)]);

const task = (fields: object) =>
  parseAs(
    rankTaskSchema,
    {
      S3_BUCKET: bucket(),
      DATA_BUCKET: bucket(),
      WORLD_SIZE: '4',
      RANK: '2',
      DATA_PATH: null,
      RESULT_PATH: 'out',
      BATCH_SIZE: 32,
      RUN_ID: 'run',
      ...fields,
    },
    'task',
  );

function environment(): RankEnvironment {
  let milliseconds = 0;
  let cpuSeconds = 3;
  return {
    openStore,
    loadModel: (rankTask) => models.load(rankTask),
    monotonic: () => (milliseconds += 250),
    now: () => new Date('2026-03-04T05:06:07Z'),
    coldStart: true,
    cpuSeconds: () => (cpuSeconds += 1.5),
    peakRssMb: () => 123,
    memoryLimitMb: 2048,
    architecture: 'x86_64',
  };
}

async function predictionsOf(key: string) {
  return decodePredictions(await store.get(key));
}

describe('runRank', () => {
  it('tells what it has done: each file when it is open, then batch by batch, up to all of it', async () => {
    await givenPartition('beats/1.pt', 70);
    await givenPartition('beats/2.pt', 5);
    const told: RankProgress[] = [];

    await runRank(task({ DATA_PATH: ['beats/1.pt', 'beats/2.pt'], BATCH_SIZE: 512 }), {
      ...environment(),
      onProgress: (progress) => told.push(progress),
    });

    const sizes = await Promise.all(['1', '2'].map(async (name) => (await store.head(`beats/${name}.pt`))!.size));
    const inFirst = { rank: 2, opened_galaxies: 70, opened_bytes: sizes[0] };
    const inBoth = { rank: 2, opened_galaxies: 75, opened_bytes: sizes[0]! + sizes[1]! };
    // Two workers: parts of a batch may end in any order.
    expect(told.map(({ galaxies: _, ...file }) => file)).toEqual([inFirst, inFirst, inFirst, inFirst, inBoth, inBoth]);
    expect(told[0]!.galaxies).toBe(0);
    expect([told[3]!.galaxies, told[4]!.galaxies, told[5]!.galaxies]).toEqual([70, 70, 75]);
    expect([...told].sort((a, b) => a.galaxies - b.galaxies)).toEqual(told);
  });

  it('predicts its partitions in order and leaves result and predictions', async () => {
    await givenPartition('data/1.pt', 70);
    await givenPartition('data/2.pt', 5);

    const answer = await runRank(task({ DATA_PATH: ['data/1.pt', 'data/2.pt'] }), environment());

    expect(answer).toMatchObject({
      statusCode: 200,
      status: 'succeeded',
      rank: 2,
      samples: 75,
      result_key: 'out/runs/run/2.json',
    });
    const result = parseJsonAs(rankResultSchema, (await store.get('out/runs/run/2.json')).toString(), 'result');
    expect(result).toMatchObject({
      num_batches: 4,
      batch_size: 32,
      samples: 75,
      rank: 2,
      world_size: 4,
      run_id: 'run',
      peak_rss_mb: 123,
    });
    expect(result.bits).toBe(75 * 20_520 * 8);
    // What notebooks compute; processor time has a key of its own.
    expect(result.throughput_bps * result['total_cpu_time (seconds)']).toBeCloseTo(result.bits, 3);
    expect(result.sample_persec * result['total_cpu_time (seconds)']).toBeCloseTo(75, 9);
    expect(result['total_cpu_time (seconds)']).toBe(result.timing.inference);
    expect(result.cpu_seconds).toBe(1.5);
    // Predictions, hashes, the reduction, and the result.
    expect(result.store_requests).toMatchObject({ puts: 4, lists: 0, deletes: 0 });
    expect(result.store_requests!.gets).toBeGreaterThanOrEqual(2);
    expect(result.model_sha256).toBe(model.sha256);
    // Summarize publishes it.
    expect(await store.head('out/2.json')).toBeUndefined();
    expect(decodeHashes(await store.get('out/runs/run/hashes/2.u64'))).toHaveLength(75);
    const rows = await predictionsOf(result.predictions_key);
    expect(rows.map((row) => `${row.partition} ${row.index}`)).toEqual([
      ...Array.from({ length: 70 }, (_, index) => `data/1.pt ${index}`),
      ...Array.from({ length: 5 }, (_, index) => `data/2.pt ${index}`),
    ]);
    expect(rows.map((row) => row.z_spec).slice(0, 70)).toEqual([...samples(0, 70).redshift]);
    expect(new Set(rows.map((row) => row.z_pred)).size).toBeGreaterThan(40);
  });

  it('reduces its predictions to what they give when they are read back', async () => {
    await givenPartition('data/3.pt', 40);
    await givenPartition('data/4.pt', 5);

    await runRank(task({ DATA_PATH: ['data/3.pt', 'data/4.pt'], RUN_ID: 'reduced' }), environment());

    const result = parseJsonAs(rankResultSchema, (await store.get('out/runs/reduced/2.json')).toString(), 'result');
    const { key, head } = result.reduction_file!;
    const bytes = await store.get(key);
    const kept = decodeReduction(bytes.subarray(0, head.size), bytes.subarray(head.size), key);
    const rows = await predictionsOf(result.predictions_key);
    const ledger = new QualityLedger();
    for (const { z_spec, z_pred, flags } of rows) ledger.add(z_spec, z_pred!, flags);
    const reduction = new Reduction();
    reduction.absorb(kept);
    expect(reduction.scores()).toEqual(ledger.finish());
    expect(result.prediction_scores).toEqual(ledger.finish().prediction_scores);
    const dz = ({ z_spec, z_pred }: (typeof rows)[number]) => Math.abs((z_pred! - z_spec!) / (1 + z_spec!));
    const worst = rows.toSorted((a, b) => dz(b) - dz(a))[0]!;
    const { partition, index, z_spec, z_pred } = worst;
    expect(kept.worst[0]).toMatchObject({ rank: 2, partition, index, z_spec, z_pred });
  });

  it('predicts the same whatever the batch size', async () => {
    await givenPartition('data/3.pt', 75);

    const predictions = [];
    for (const batchSize of [1, 7, 32, 1000]) {
      await runRank(
        task({ DATA_PATH: 'data/3.pt', BATCH_SIZE: batchSize, RUN_ID: `batch${batchSize}` }),
        environment(),
      );
      predictions.push(
        (await predictionsOf(`out/runs/batch${batchSize}/predictions/2.parquet`)).map((row) => row.z_pred),
      );
    }

    const [reference, ...others] = predictions;
    for (const other of others)
      other.forEach((z, index) => expect(Math.abs(z! - reference![index]!)).toBeLessThan(2e-6));
  });

  it('predicts galaxies whose redshifts nobody knows, and tells N(z) in place of their accuracy', async () => {
    await givenPartition('mixed/1.pt', 3);
    const unlabelled = { ...samples(3, 4), from: 0, redshift: null };
    await writePartition(store, 'mixed/2.pt', { count: 4, redshiftDtype: null }, [unlabelled]);
    await runRank(task({ DATA_PATH: ['mixed/1.pt', 'mixed/2.pt'], RESULT_PATH: 'mixed' }), environment());
    const result = parseJsonAs(rankResultSchema, (await store.get('mixed/runs/run/2.json')).toString(), 'result');
    expect(result).toMatchObject({ samples: 7, without_truth: 4, prediction_scores: { count: 3, excluded: 4 } });
    const { counts, outside } = result.redshift_histogram!;
    expect(counts.reduce((sum, count) => sum + count, outside)).toBe(7);
    const rows = await predictionsOf('mixed/runs/run/predictions/2.parquet');
    expect(rows.map(({ z_spec }) => z_spec !== null)).toEqual([true, true, true, false, false, false, false]);
    expect(rows.every(({ z_pred }) => Number.isFinite(z_pred))).toBe(true);
    // What nobody knows is no fault.
    expect(result.flagged!.by_flag.truth_unusable).toBeUndefined();
  });

  it('replaces the result that it found, and leaves one that another attempt wrote meanwhile', async () => {
    await givenPartition('data/twice.pt', 40);
    const twice = task({ DATA_PATH: ['data/twice.pt'], RUN_ID: 'twice' });
    const result = 'out/runs/twice/2.json';
    for (const found of [undefined, 'damaged']) {
      if (found !== undefined) await store.put(result, found);
      await runRank(twice, environment());
      expect(parseJsonAs(rankResultSchema, (await store.get(result)).toString(), 'result').samples).toBe(40);

      if (found === undefined) await store.delete(result);
      else await store.put(result, found);
      const onProgress = () => {
        writeFileSync(join(folder, result), 'of another');
      };
      expect(await runRank(twice, { ...environment(), onProgress })).toMatchObject({
        status: 'succeeded',
        samples: 40,
      });
      expect((await store.get(result)).toString()).toBe('of another');
    }
  });

  it('does nothing without data', async () => {
    const answer = await runRank(task({ RUN_ID: 'idle' }), environment());

    expect(answer).toMatchObject({ status: 'no_data', samples: 0 });
    expect(await store.head('out/runs/idle/2.json')).toBeUndefined();
  });

  it('writes straight into result_path for a task of somebody else’s initializer', async () => {
    await givenPartition('data/4.pt', 3);

    await runRank(task({ DATA_PATH: 'data/4.pt', RUN_ID: undefined, RESULT_PATH: 'foreign' }), environment());

    expect(await store.head('foreign/2.json')).toBeDefined();
    expect(await store.head('foreign/predictions/2.parquet')).toBeDefined();
    // Hashes are for a run's Summarize alone.
    expect(await store.head('foreign/hashes/2.u64')).toBeUndefined();
    expect(await store.head('foreign/reductions/2.bin')).toBeUndefined();
  });

  it('names rank and file when a partition is corrupt, and leaves no result', async () => {
    await givenPartition('data/5.pt', 40);
    const whole = await store.get('data/5.pt');
    await store.put('data/cut.pt', whole.subarray(0, whole.length / 2));

    const running = runRank(task({ DATA_PATH: 'data/cut.pt', RUN_ID: 'cut' }), environment());

    await expect(running).rejects.toThrow(PartitionError);
    await expect(running).rejects.toThrow(/^rank 2, partition data\/cut\.pt: /);
    expect(await store.head('out/runs/cut/2.json')).toBeUndefined();
  });

  it('leaves neither result nor predictions of a partition that rotted, unless told not to look', async () => {
    await givenPartition('data/7.pt', 40);
    const bytes = await store.get('data/7.pt');
    // The lowest bit of a redshift: nothing but its CRC-32 can tell.
    const redshifts = dataOf(bytes, 'archive/data/2');
    bytes[redshifts] = bytes[redshifts]! ^ 1;
    await store.put('data/rotten.pt', bytes);

    const running = runRank(task({ DATA_PATH: 'data/rotten.pt', RUN_ID: 'rotten' }), environment());

    await expect(running).rejects.toThrow(PartitionError);
    await expect(running).rejects.toThrow(/rank 2, partition data\/rotten\.pt: .*zip entry archive\/data\/2/);
    expect(await store.head('out/runs/rotten/2.json')).toBeUndefined();
    expect(await store.head('out/runs/rotten/predictions/2.parquet')).toBeUndefined();
    const blind = task({ DATA_PATH: 'data/rotten.pt', RUN_ID: 'rotten', CHECK_CRC: false });
    await expect(runRank(blind, environment())).resolves.toMatchObject({ status: 'succeeded', samples: 40 });
  });

  it('uses the model that the task names', async () => {
    await givenPartition('data/6.pt', 3);
    await store.put('models/other.onnx', compileAstroMae(config, randomWeights(config, 8)));
    const rows = async (fields: object) => {
      await runRank(task({ DATA_PATH: 'data/6.pt', ...fields }), environment());
      return (await predictionsOf('out/runs/run/predictions/2.parquet')).map((row) => row.z_pred);
    };

    expect(await rows({ MODEL: 'models/other.onnx' })).not.toEqual(await rows({}));
    const other = await models.load({ MODEL: 'models/other.onnx', S3_BUCKET: bucket() });
    expect(await models.load({ MODEL: `${bucket()}/models/other.onnx`, S3_BUCKET: bucket() })).toHaveProperty(
      'sha256',
      other.sha256,
    );
    await other.predictor.close();
  });

  it('takes down what it read and what it wrote', async () => {
    await givenPartition('data/8.pt', 3);
    const { size, etag } = (await store.head('data/8.pt'))!;
    const planned = [{ size, etag }];

    await runRank(
      task({ DATA_PATH: 'data/8.pt', DATA_OBJECTS: planned, HASH_INPUTS: true, RUN_ID: 'kept' }),
      environment(),
    );

    const result = parseJsonAs(rankResultSchema, (await store.get('out/runs/kept/2.json')).toString(), 'result');
    const sha256 = await hashObject(store, 'data/8.pt');
    expect(result.partitions).toEqual([{ key: 'data/8.pt', size, samples: 3, etag, sha256, index_range: [0, 3] }]);
    for (const file of [result.predictions_file!, result.hashes_file!, result.reduction_file!]) {
      const { key, sha256: content, ...version } = file;
      expect(await store.head(key)).toMatchObject({ size: version.size, etag: version.etag });
      expect(await hashObject(store, key)).toBe(content);
    }
    expect(result.predictions_file).toMatchObject({ key: result.predictions_key, rows: 3 });
    const { head } = result.reduction_file!;
    const front = await store.getRange(result.reduction_file!.key, 0, head.size);
    expect(sha256Of(front)).toBe(head.sha256);
    // Notebooks load the results of all ranks at once.
    expect(JSON.stringify(result.reduction_file, null, 1).length).toBeLessThan(700);
  });

  it('leaves hashes of the names of galaxies that have some', async () => {
    const count = 3;
    const file = await torchFile(
      [
        { dtype: 'int64', shape: [count] },
        { dtype: 'float64', shape: [count, 5] },
        { dtype: 'float64', shape: [count] },
        { dtype: 'float32', shape: [count, 5, 32, 32] },
      ],
      {
        ...{ 0: BigInt64Array.of(7n, 8n, 7n), 1: samples(0, count).magnitudes, 2: samples(0, count).redshift },
        3: samples(0, count).images,
      },
    );
    await store.put('data/named.pt', file);
    const COLUMNS = ['id', 'magnitudes', 'redshift', 'images'];
    await runRank(task({ DATA_PATH: 'data/named.pt', RUN_ID: 'named', COLUMNS }), environment());

    const result = parseJsonAs(rankResultSchema, (await store.get('out/runs/named/2.json')).toString(), 'result');
    const { key, size } = result.names_file!;
    expect(key).toBe('out/runs/named/names/2.u64');
    expect(size).toBe(8 * count);
    const [seven, eight] = ['7', '8'].map((name) => hash('sha256', name, 'buffer').readBigUInt64LE());
    expect([...decodeHashes(await store.get(key))].sort()).toEqual([seven, seven, eight].sort());
    expect(result.warnings).toContain('1 name (id) is that of several galaxies.');
    expect(JSON.stringify(result.names_file, null, 1).length).toBeLessThan(300);
  });

  it.each([
    ['replaced by one of another size', (key: string) => givenPartition(key, 5)],
    ['replaced by the same again', (key: string) => givenPartition(key, 3)],
    ['removed', (key: string) => store.delete(key)],
  ])('refuses a partition that was %s after the plan', async (_, change) => {
    await givenPartition('data/9.pt', 3);
    const { size, etag } = (await store.head('data/9.pt'))!;
    await change('data/9.pt');

    const running = runRank(
      task({ DATA_PATH: 'data/9.pt', DATA_OBJECTS: [{ size, etag }], RUN_ID: 'changed' }),
      environment(),
    );

    await expect(running).rejects.toThrow(/^rank 2, partition data\/9\.pt: /);
    await expect(running).rejects.toThrow(
      _ === 'removed' ? /No object "data\/9\.pt"/ : /changed after the run was planned/,
    );
    if (_ !== 'removed') await expect(running).rejects.toThrow(PartitionChangedError);
    expect(await store.head('out/runs/changed/2.json')).toBeUndefined();
  });

  it('refuses a model that is not the planned one, by its version or its bytes', async () => {
    await givenPartition('data/6.pt', 3);
    await store.put('models/swapped.onnx', compileAstroMae(config, randomWeights(config, 8)));
    const { size, etag } = (await store.head('models/swapped.onnx'))!;
    const fields = {
      DATA_PATH: 'data/6.pt',
      MODEL: 'models/swapped.onnx',
      MODEL_OBJECT: { size, etag },
      RUN_ID: 'swap',
    };
    await expect(runRank(task(fields), environment())).resolves.toMatchObject({ status: 'succeeded' });

    const bytes = { MODEL_SHA256: 'a'.repeat(64), DATA_PATH: 'data/6.pt' };
    await expect(runRank(task(bytes), environment())).rejects.toThrow(
      /model of the function is not the one of the run.*planned was aaaa/,
    );
    await store.put('models/swapped.onnx', compileAstroMae(config, randomWeights(config, 9)));
    await expect(runRank(task(fields), environment())).rejects.toThrow(ModelChangedError);

    // Written again, as it was: where its bytes are known they decide.
    const { sha256 } = await models.load({ MODEL: 'models/swapped.onnx', S3_BUCKET: bucket() });
    await expect(runRank(task({ ...fields, MODEL_SHA256: sha256 }), environment())).resolves.toMatchObject({
      status: 'succeeded',
    });
  });

  it.each([['models/none.onnx'], ['data/6.pt']])('refuses %s as a model with a sentence', async (MODEL) => {
    await givenPartition('data/6.pt', 3);

    await expect(runRank(task({ DATA_PATH: 'data/6.pt', MODEL }), environment())).rejects.toThrow(UserInputError);
  });
});
