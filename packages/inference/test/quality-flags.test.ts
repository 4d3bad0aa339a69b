import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  compileAstroMae,
  inspectModel,
  PUBLISHED_CONFIG,
  randomWeights,
  type AstroMaeConfig,
} from '@cosmicai/astromae';
import { demoModel } from '@cosmicai/demo-model';
import {
  ASTROMAE,
  QUALITY_FLAG_NAMES,
  QUALITY_FLAGS,
  TRAINED_RANGES_KEY,
  trainedRangesFile,
  type TrainedRanges,
} from '@cosmicai/payload';
import { fileStore, type ObjectStore } from '@cosmicai/store';
import { openGalaxies } from '@cosmicai/samples';
import { storeSource, writePartition, type PartitionBatch } from '@cosmicai/torchfile';
import {
  decodePredictions,
  encodePredictions,
  predictPartition,
  RangeProfile,
  modelOnDisk,
  openModel,
  readModel,
  withMetadata,
  type PredictedSamples,
  type Predictor,
} from '../src/index.ts';

let folder: string;
let store: ObjectStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-flags-'));
  store = fileStore(folder);
});
afterAll(() => rm(folder, { recursive: true }));

const PIXELS = 32 * 32;
const trained: TrainedRanges = {
  magnitudes: [20, 19, 18, 17, 16].map((faintest): [number, number] => [faintest - 6, faintest]),
  redshift: [0.01, 0.5],
};

/** Good galaxies: noise around zero, magnitudes amid the trained ones, a redshift that anybody would predict. */
function galaxies(count: number): PartitionBatch {
  return {
    from: 0,
    count,
    images: Float32Array.from({ length: count * 5 * PIXELS }, (_, at) => Math.sin(at * 0.7)),
    magnitudes: Float64Array.from({ length: count * 5 }, (_, at) => 17 - (at % 5)),
    redshift: new Float64Array(count).fill(0.1),
  };
}

/** Answers what it is told, whatever the images. */
const answering = (redshifts: readonly number[]): Predictor => ({
  workers: 1,
  contract: {
    spec: ASTROMAE,
    image: { name: 'image', type: 'float32' },
    magnitudes: { name: 'magnitudes', type: 'float32' },
    answer: { outputs: [{ name: 'redshift', type: 'float32', values: 1 }], width: 1 },
    batch: null,
  },
  predict: (samples) => Promise.resolve(Float32Array.from({ length: samples.count }, (_, at) => redshifts[at] ?? 0.1)),
  closed: false,
  close: () => Promise.resolve(),
});

const trainedRangesOf = async (path: string) => (await readModel(modelOnDisk(path))).trained;

async function predicted(
  batch: PartitionBatch,
  predictor: Predictor,
  ranges: TrainedRanges | 'unknown' = trained,
): Promise<PredictedSamples> {
  await writePartition(store, 'x.pt', { count: batch.count }, [batch]);
  const partition = await openGalaxies(await storeSource(store, 'x.pt'));
  const batches: PredictedSamples[] = [];
  for await (const each of predictPartition(partition, predictor, {
    batchSize: 512,
    trained: ranges === 'unknown' ? undefined : ranges,
  }))
    batches.push(each);
  const [only] = batches;
  if (only === undefined || batches.length > 1) throw new Error(`${batches.length} batches`);
  return only;
}

const namesOf = (flags: number) => QUALITY_FLAG_NAMES.filter((name) => (flags & QUALITY_FLAGS[name].bit) !== 0);
/** Pixels of a band of the second of three galaxies. */
const band = (batch: PartitionBatch, at: number) => batch.images.subarray((5 + at) * PIXELS, (6 + at) * PIXELS);

const DEMO = demoModel('fp32');

describe('flags of galaxies', () => {
  it.each<[string, (batch: PartitionBatch) => void, readonly string[]]>([
    ['nothing', () => undefined, []],
    ['a NaN pixel', (batch) => (band(batch, 2)[7] = NaN), ['input_not_finite']],
    ['infinite pixels of both signs', (batch) => band(batch, 0).set([Infinity, -Infinity]), ['input_not_finite']],
    ['a zero band', (batch) => band(batch, 4).fill(0), ['image_blank']],
    ['a constant band', (batch) => band(batch, 1).fill(3.5), ['image_blank']],
    [
      'a negative band',
      (batch) => band(batch, 3).forEach((pixel, at, all) => (all[at] = pixel - 2)),
      ['image_negative'],
    ],
    ['a NaN magnitude', (batch) => (batch.magnitudes[6] = NaN), ['input_not_finite']],
    ['magnitude -9999', (batch) => (batch.magnitudes[6] = -9999), ['magnitude_placeholder']],
    ['magnitude -9', (batch) => (batch.magnitudes[6] = -9), ['magnitude_placeholder']],
    ['magnitude 99', (batch) => (batch.magnitudes[6] = 99), ['magnitude_placeholder']],
    ['a magnitude too faint', (batch) => (batch.magnitudes[5] = 20.4), ['magnitude_outside_training']],
    ['a magnitude just within the margin', (batch) => (batch.magnitudes[5] = 20.2), []],
    ['redshift 99', (batch) => (batch.redshift[1] = 99), ['truth_unusable']],
    ['redshift 9999', (batch) => (batch.redshift[1] = 9999), ['truth_unusable']],
    ['redshift -1', (batch) => (batch.redshift[1] = -1), ['truth_unusable']],
    ['redshift NaN', (batch) => (batch.redshift[1] = NaN), ['truth_unusable']],
    ['redshift -0.0003', (batch) => (batch.redshift[1] = -0.0003), []],
    [
      'several things',
      (batch) => {
        band(batch, 0).fill(0);
        batch.magnitudes[9] = 9999;
        batch.redshift[1] = -9999;
      },
      ['magnitude_placeholder', 'image_blank', 'truth_unusable'],
    ],
  ])('%s', async (_, spoil, expected) => {
    const batch = galaxies(3);
    spoil(batch);
    const { flags } = await predicted(batch, answering([]));
    expect([...flags].map(namesOf)).toEqual([[], expected, []]);
  });

  it('of predictions: not finite, or beyond what the model was trained on', async () => {
    const { flags } = await predicted(galaxies(5), answering([0.1, NaN, 0.53, Infinity, -0.02]));
    expect([...flags].map(namesOf)).toEqual([
      [],
      ['prediction_not_finite'],
      ['prediction_out_of_range'],
      ['prediction_not_finite'],
      ['prediction_out_of_range'],
    ]);
  });

  it('where nobody says what the model was trained on: only what is implausible', async () => {
    const batch = galaxies(3);
    batch.magnitudes[5] = 29;
    const { flags } = await predicted(batch, answering([-0.04, 11, 12.1]), 'unknown');
    expect([...flags].map(namesOf)).toEqual([[], [], ['prediction_out_of_range']]);
  });

  it('stand last in the predictions and are read back; files without them get that of the truth', async () => {
    const batch = galaxies(3);
    band(batch, 0).fill(0);
    batch.redshift[2] = 99;
    const { flags, ...rest } = await predicted(batch, answering([]));
    const file = encodePredictions(4, [{ partition: 'x.pt', batches: [{ ...rest, flags }] }]);
    expect((await decodePredictions(file)).map((row) => row.flags)).toEqual([0, 8, 128]);
  });
});

describe('trained ranges', () => {
  const config: AstroMaeConfig = { ...PUBLISHED_CONFIG, encoder: { ...PUBLISHED_CONFIG.encoder, depth: 1 } };

  it('travel in the metadata of a model, which stays the same otherwise, and win over the file beside it', async () => {
    const plain = compileAstroMae(config, randomWeights(config, 7));
    const path = join(folder, 'model.onnx');
    await writeFile(path, plain);
    expect(await trainedRangesOf(path)).toBeUndefined();

    await writeFile(trainedRangesFile(path), JSON.stringify({ ...trained, redshift: [0, 1] }));
    expect(await trainedRangesOf(path)).toMatchObject({ redshift: [0, 1] });

    const first = withMetadata(plain, TRAINED_RANGES_KEY, JSON.stringify({ ...trained, redshift: [1, 2] }));
    const second = withMetadata(first, TRAINED_RANGES_KEY, JSON.stringify(trained));
    await writeFile(path, second);
    expect(await trainedRangesOf(path)).toEqual(trained);
    const { sha256: _, fileBytes: _bytes, ...described } = inspectModel(second);
    const { sha256: _before, fileBytes: _bytesBefore, ...before } = inspectModel(plain);
    expect(described).toEqual(before);
    const { predictor } = await openModel({ modelPath: path, workers: 1 });
    await predictor.close();
  });

  it('that are something else are refused by name', async () => {
    const path = join(folder, 'odd.onnx');
    await writeFile(path, withMetadata(await readFile(DEMO), TRAINED_RANGES_KEY, '{"magnitudes": [[2, 1]]}'));
    await expect(trainedRangesOf(path)).rejects.toThrow(
      /cosmicai\.trained in the metadata of .*odd\.onnx has 3 problems/,
    );
  });

  it('are refused where the file is no ONNX', async () => {
    const path = join(folder, 'text.onnx');
    await writeFile(path, 'version https://git-lfs.github.com/spec/v1\n'.repeat(40));
    await expect(trainedRangesOf(path)).rejects.toThrow('Git LFS pointer');
    await expect(trainedRangesOf(join(folder, 'none.onnx'))).rejects.toThrow('There is no model file');
  });

  it('are measured on usable values alone', () => {
    const profile = new RangeProfile();
    const batch = galaxies(3);
    batch.magnitudes.set([-9999, 16, 15, 14, 13, 99, 12, NaN, 11, 10]);
    batch.redshift.set([0.2, -9999, 0.3]);
    profile.add(batch);
    expect(profile.finish(5)).toEqual({
      magnitudes: [
        [17, 17],
        [12, 16],
        [15, 15],
        [11, 14],
        [10, 13],
      ],
      redshift: [0.2, 0.3],
    });
    expect(new RangeProfile().finish(5)).toBeUndefined();
  });

  it('of the demo model hold for its own metadata format', async () => {
    const demo = DEMO;
    const ranges = await trainedRangesOf(demo);
    expect(ranges?.magnitudes).toHaveLength(5);
    expect(JSON.parse(await readFile(trainedRangesFile(demo), 'utf8'))).toEqual(ranges);
  });
});
