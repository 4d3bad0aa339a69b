import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ASTROMAE, MODEL_SPEC_KEY, modelOutputSchema, QUALITY_FLAGS, type ModelOutput } from '@cosmicai/payload';
import { bufferSource, fileStore } from '@cosmicai/store';
import { partitionStream } from '@cosmicai/torchfile';
import fc from 'fast-check';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import {
  cast,
  image,
  magnitudes,
  node,
  numbers,
  port,
  SCALE,
  testModel,
  type TestModel,
} from '../../../test/onnx-models.ts';
import { readAnswers, type AnswerColumn } from '../src/answer-columns.ts';
import { RankPredictions } from '../src/predictions/rank-predictions.ts';
import {
  decodePredictions,
  encodePredictions,
  openModel,
  predictSource,
  withMetadata,
  type PredictedSamples,
} from '../src/index.ts';

const COUNT = 5;
/** z of each galaxy, as testModel makes it of the mean of pixels and magnitudes. */
const Z = Array.from({ length: COUNT }, (_, galaxy) => SCALE * (galaxy + 20));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-outputs-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A model whose output `scores` is z times each of the weights. */
function times(weights: readonly number[], batch: number | 'n' = 'n'): Partial<TestModel> {
  return {
    image: image(batch, 5, 32, 32),
    magnitudes: magnitudes(batch, 5),
    outputs: [port('scores', 'float', batch, weights.length)],
    answer: [node('Mul', ['z', 'weights'], 'scores')],
    constants: { weights: numbers(...weights) },
  };
}

async function predict(model: Partial<TestModel>, ...outputs: readonly object[]): Promise<PredictedSamples[]> {
  const modelPath = join(folder, `${Math.random()}.onnx`);
  const spec = { inputs: { image: ASTROMAE.image, features: ASTROMAE.features }, outputs };
  await writeFile(modelPath, withMetadata(testModel(model), MODEL_SPEC_KEY, JSON.stringify(spec)));
  const opened = await openModel({ modelPath, label: 'm.onnx', workers: 1, cacheFolder: folder });
  try {
    const batch = {
      from: 0,
      count: COUNT,
      images: Float32Array.from(
        { length: COUNT * 5 * 32 * 32 },
        (_, at) => Math.floor(at / 5120) + ((at % 3) - 1) / 100,
      ),
      magnitudes: new Float64Array(COUNT * 5).fill(20),
      redshift: null,
    };
    const file = await buffer(partitionStream({ count: COUNT, redshiftDtype: null }, [batch]));
    const found: PredictedSamples[] = [];
    await predictSource(bufferSource('1.pt', file), opened, {
      batchSize: 2,
      checkCrc: true,
      onPredicted: (samples) => found.push(samples),
    });
    return found;
  } finally {
    await opened.predictor.close();
  }
}

/** A column of all galaxies. */
function column(found: readonly PredictedSamples[], name: string): unknown[] {
  return found.flatMap(
    ({ beside = [] }) => [...(beside.find((each) => each.name === name)?.values ?? [])] as unknown[],
  );
}

const redshifts = (found: readonly PredictedSamples[]) => found.flatMap(({ zPred }) => [...zPred!]);
const close = (found: readonly unknown[], expected: readonly number[]) => {
  expect(found).toHaveLength(expected.length);
  found.forEach((value, at) => expect(value).toBeCloseTo(expected[at]!, 4));
};

const rowsOf = async (bytes: Uint8Array) => {
  const file = new Uint8Array(bytes).buffer;
  const rows = (await parquetReadObjects({ file })) as Record<string, unknown>[];
  const names = parquetMetadata(file)
    .schema.slice(1)
    .map(({ name }) => name);
  return { names, rows };
};
const FIXED = ['rank', 'partition', 'index', 'z_spec'];

describe('what a model answers', () => {
  it.each([
    ['sigma', (z: number) => 2 * z],
    ['variance', (z: number) => Math.sqrt(2 * z)],
    ['log_variance', (z: number) => Math.exp(z)],
  ])('is a redshift and its uncertainty, given as %s', async (sigma_is, expected) => {
    const found = await predict(times([1, 2]), { name: 'scores', kind: 'value+sigma', sigma_is });
    close(redshifts(found), Z);
    close(column(found, 'z_sigma'), Z.map(expected));
  });

  it('has no uncertainty where the model gives one below zero', async () => {
    const found = await predict(times([1, -2]), { name: 'scores', kind: 'value+sigma' });
    close(redshifts(found), Z);
    expect(column(found, 'z_sigma')).toEqual(Z.map(() => NaN));
  });

  it('is a redshift and its uncertainty, each in an output of its own', async () => {
    const model: Partial<TestModel> = {
      outputs: [port('mean', 'float', 'n', 1), port('spread', 'float', 'n')],
      answer: [
        node('Identity', ['z'], 'mean'),
        node('Mul', ['z', 'weights'], 'doubled'),
        node('Squeeze', ['doubled', 'axes'], 'spread'),
      ],
      constants: { weights: numbers(2), axes: { type: 'int64', dims: [1], values: [1] } },
    };
    const found = await predict(model, { name: 'mean', kind: 'value+sigma', sigma: 'spread' });
    close(redshifts(found), Z);
    close(
      column(found, 'z_sigma'),
      Z.map((z) => 2 * z),
    );
  });

  it('is a class, also of a model frozen at a number of galaxies', async () => {
    const labels = ['star', 'galaxy', 'quasar'];
    for (const batch of ['n', 3] as const) {
      const found = await predict(times([1, 3, 2], batch), { name: 'scores', kind: 'classes', labels });
      expect(column(found, 'class')).toEqual(Z.map(() => 'galaxy'));
      close(
        column(found, 'p_quasar'),
        Z.map(() => 1 / 3),
      );
      expect(found.every(({ zPred }) => zPred === null)).toBe(true);
      // Not a redshift, and none that is missing.
      expect(found.flatMap(({ flags }) => [...flags])).toEqual(Z.map(() => 0));
    }
  });

  it('is flagged where scores can be no probabilities', async () => {
    const found = await predict(times([-1, 3, 2]), { name: 'scores', kind: 'classes', labels: ['a', 'b', 'c'] });
    expect(column(found, 'class')).toEqual(Z.map(() => ''));
    expect(found.flatMap(({ flags }) => [...flags])).toEqual(Z.map(() => QUALITY_FLAGS.prediction_not_finite.bit));
  });

  it('is a density of the redshift', async () => {
    const output = { name: 'scores', kind: 'density', grid: [0, 0.2, 0.4, 1] };
    const found = await predict(times([1, 2, 1]), output);
    const mean = 0.25 * 0.1 + 0.5 * 0.3 + 0.25 * 0.7;
    const sigma = Math.sqrt(0.25 * (0.1 - mean) ** 2 + 0.5 * (0.3 - mean) ** 2 + 0.25 * (0.7 - mean) ** 2);
    close(
      redshifts(found),
      Z.map(() => mean),
    );
    close(
      column(found, 'z_sigma'),
      Z.map(() => sigma),
    );
    close(
      column(found, 'z_density'),
      Z.flatMap(() => [0.25, 0.5, 0.25]),
    );
  });

  it('is several things at once, in their own order whatever that of the model', async () => {
    const model: Partial<TestModel> = {
      outputs: [port('mass', 'double', 'n'), port('scores', 'float', 'n', 2), port('redshift', 'float', 'n', 1)],
      answer: [
        node('Identity', ['z'], 'redshift'),
        node('Mul', ['z', 'weights'], 'scores'),
        ...[
          node('Mul', ['z', 'ten'], 'tens'),
          node('Flatten', ['tens'], 'flat'),
          node('ReduceMax', ['flat'], 'most', { axes: [1], keepdims: 0 }),
        ],
        cast('double', 'most', 'mass'),
      ],
      constants: { weights: numbers(1, 3), ten: numbers(10) },
    };
    const found = await predict(
      model,
      { name: 'scores', kind: 'classes', labels: ['spiral', 'elliptical'] },
      { name: 'redshift', kind: 'value' },
      { name: 'mass', kind: 'value' },
    );
    close(redshifts(found), Z);
    close(
      column(found, 'mass'),
      Z.map((z) => 10 * z),
    );
    close(
      column(found, 'p_elliptical'),
      Z.map(() => 0.75),
    );
    const batches = found.map((samples) => ({ ...samples, zSpec: null }));
    const outputs = [
      { name: 'scores', kind: 'classes', labels: ['spiral', 'elliptical'], scores: 'logits' },
      { name: 'redshift', kind: 'value' },
      { name: 'mass', kind: 'value' },
    ] as const;
    const { names } = await rowsOf(encodePredictions(0, [{ partition: '1.pt', batches }], { features: [], outputs }));
    expect(names).toEqual([...FIXED, 'z_pred', 'flags', 'class', 'p_spiral', 'p_elliptical', 'mass']);
  });

  it('is a vector', async () => {
    const found = await predict(times([1, 10, 100, 1000]), { name: 'scores', kind: 'vector', length: 4 });
    close(
      column(found, 'vector'),
      Z.flatMap((z) => [z, 10 * z, 100 * z, 1000 * z]),
    );
  });

  it.each<[string, object, RegExp]>([
    [
      'more classes',
      { name: 'scores', kind: 'classes', labels: ['a', 'b', 'c'] },
      /"scores" is \[n, 2\], 2 values a galaxy; its spec has 3 labels, and 2 are needed\.$/,
    ],
    [
      'more bins',
      { name: 'scores', kind: 'density', grid: [0, 1, 2, 3] },
      /its spec has a grid of 4 edges for 3 bins, and 2 bins have 3 edges\.$/,
    ],
    [
      'a label that is two lines',
      { name: 'scores', kind: 'classes', labels: ['a\nb', 'c'] },
      /a label without line ends, tabs and the like/,
    ],
    ['another name', { name: 'other', kind: 'vector', length: 2 }, /it has no output "other"/],
    [
      'no uncertainty',
      { name: 'scores', kind: 'value' },
      /one value a galaxy was expected.* its spec has to say what they are/,
    ],
    ['a grid that falls', { name: 'scores', kind: 'density', grid: [0, 2, 1] }, /edges that rise/],
    [
      'a kind that nobody knows',
      { name: 'scores', kind: 'heatmap' },
      /name and kind \(value, value\+sigma, classes, density, vector\)/,
    ],
    ['a label twice', { name: 'scores', kind: 'classes', labels: ['a', 'a'] }, /each label once/],
  ])('is refused where its spec tells %s', async (_, output, message) => {
    await expect(predict(times([1, 2]), output)).rejects.toThrow(message);
  });
});

describe('a file of predictions', () => {
  it('has a density as a list, in row groups that its length allows', async () => {
    const output: ModelOutput = {
      name: 'z',
      kind: 'density',
      scores: 'probabilities',
      grid: Array.from({ length: 4001 }, (_, at) => at),
    };
    const count = 600;
    const answers = Float32Array.from({ length: count * 4000 }, (_, at) => (at % 7) + 1);
    const { zPred, beside } = readAnswers([output], answers);
    const samples = {
      from: 0,
      count,
      ...{ zSpec: null, zPred, beside: beside!, flags: new Uint16Array(count), magnitudes: new Float64Array(0) },
      id: BigInt64Array.from({ length: count }, (_, at) => BigInt(at)),
    };
    const bytes = encodePredictions(0, [{ partition: '1.pt', batches: [samples] }], {
      features: [],
      outputs: [output],
    });
    const { names, rows } = await rowsOf(bytes);
    expect(names).toEqual([...FIXED, 'z_pred', 'flags', 'id', 'z_sigma', 'z_density', 'list', 'element']);
    const density = beside!.find(({ name }) => name === 'z_density')!.values as Float32Array;
    expect(rows.map((row) => row.z_pred)).toEqual([...zPred!]);
    for (const at of [0, 249, 250, 599])
      expect(rows[at]!.z_density).toEqual([...density.subarray(at * 4000, (at + 1) * 4000)]);
    expect(parquetMetadata(new Uint8Array(bytes).buffer).row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([
      250, 250, 100,
    ]);
  });

  it('has classes and their probabilities, and no redshift', async () => {
    const output: ModelOutput = { name: 'c', kind: 'classes', labels: ['a b', 'c'], scores: 'logits' };
    const { zPred, beside } = readAnswers([output], Float32Array.of(0, 1, 2, 2, NaN, 1));
    const samples = {
      from: 4,
      count: 3,
      zSpec: null,
      zPred,
      beside: beside!,
      flags: new Uint16Array(3),
      magnitudes: new Float64Array(0),
    };
    const bytes = encodePredictions(0, [{ partition: '1.pt', batches: [samples] }], {
      features: [],
      outputs: [output],
    });
    const { names, rows } = await rowsOf(bytes);
    expect(names).toEqual([...FIXED, 'flags', 'class', 'p_a b', 'p_c']);
    expect(rows.map((row) => [row.class, row.p_c])).toEqual([
      ['c', expect.closeTo(1 / (1 + Math.exp(-1)), 6)],
      ['a b', 0.5],
      ['', NaN],
    ]);
    expect((await decodePredictions(bytes)).map((row) => [row.index, row.z_pred, row.class])).toEqual([
      [4, null, 'c'],
      [5, null, 'a b'],
      [6, null, ''],
    ]);
  });

  it('is written anew with names of objects as text where a later partition has such', async () => {
    const output: ModelOutput = { name: 'z', kind: 'value+sigma', sigma_is: 'sigma' };
    const store = fileStore(folder);
    await using file = new RankPredictions(store, 'p.parquet', { rank: 0, features: [], outputs: [output] });
    const of = (answers: number[], id: BigInt64Array | string[]) => ({
      ...{ from: 0, count: 1, zSpec: null, flags: new Uint16Array(1), magnitudes: new Float64Array(0), id },
      ...(readAnswers([output], Float32Array.from(answers)) as { zPred: Float32Array; beside: AnswerColumn[] }),
    });
    await file.add('1.pt', of([0.25, 0.5], BigInt64Array.of(7n)));
    await file.add('2.pt', of([1, 2], ['seven']));
    await file.finish();
    const { rows } = await rowsOf(await store.get('p.parquet'));
    expect(rows.map(({ id, z_pred, z_sigma }) => [id, z_pred, z_sigma])).toEqual([
      ['7', 0.25, 0.5],
      ['seven', 1, 2],
    ]);
  });
});

describe('readAnswers', () => {
  const density = modelOutputSchema.parse({ name: 'z', kind: 'density', grid: [0, 1, 2, 3], scores: 'logits' });

  it('gives probabilities that add up to 1, and a mean within the grid, whatever the logits', () => {
    const logit = fc.float({ min: Math.fround(-1e30), max: Math.fround(1e30), noNaN: true });
    fc.assert(
      fc.property(fc.array(logit, { minLength: 3, maxLength: 3 }), (row) => {
        const { zPred, beside } = readAnswers([density], Float32Array.from(row));
        const values = [...(beside!.find(({ name }) => name === 'z_density')!.values as Float32Array)];
        expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
        expect(zPred![0]).toBeGreaterThanOrEqual(0.5);
        expect(zPred![0]).toBeLessThanOrEqual(2.5);
      }),
    );
  });

  it.each([
    ['a number that is none', [NaN, 1, 1]],
    ['an infinity', [Infinity, 1, 1]],
    ['nothing at all', [0, 0, 0]],
    ['less than nothing', [-1, 2, 2]],
  ])('gives no redshift of probabilities with %s', (_, row) => {
    const probabilities: ModelOutput = { ...density, kind: 'density', grid: [0, 1, 2, 3], scores: 'probabilities' };
    const { zPred, beside } = readAnswers([probabilities], Float32Array.from([...row, 0, 0, 1]));
    expect([...zPred!]).toEqual([NaN, 2.5]);
    expect([...beside![0]!.values]).toEqual([NaN, 0]);
  });
});
