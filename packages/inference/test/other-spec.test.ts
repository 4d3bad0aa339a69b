import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MODEL_SPEC_KEY } from '@cosmicai/payload';
import { openGalaxies } from '@cosmicai/samples';
import { bufferSource } from '@cosmicai/store';
import { buffer } from 'node:stream/consumers';
import { partitionStream, stateDictStream } from '@cosmicai/torchfile';
import { parquetMetadata } from 'hyparquet';
import { image, magnitudes, SCALE, testModel } from '../../../test/onnx-models.ts';
import {
  encodePredictions,
  findingsOf,
  openModel,
  predictSource,
  withMetadata,
  type PredictedSamples,
} from '../src/index.ts';

const COUNT = 5;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-spec-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function given(bands: readonly string[], side: number, features: readonly string[], told: object | string) {
  const modelPath = join(folder, `${bands.length}-${side}-${features.length}.onnx`);
  const graph = testModel({
    image: image('n', bands.length, side, side),
    magnitudes: magnitudes('n', features.length),
  });
  await writeFile(
    modelPath,
    withMetadata(graph, MODEL_SPEC_KEY, typeof told === 'string' ? told : JSON.stringify(told)),
  );
  return await openModel({ modelPath, label: 'm.onnx', workers: 1, cacheFolder: folder });
}

const specOf = (bands: readonly string[], side: number, features: readonly string[]) => ({
  inputs: { image: { bands, side }, features },
});

describe('a model that says what it takes', () => {
  it.each([
    ['three bands', ['g', 'r', 'i'], 24, ['g', 'r', 'i']],
    ['64 pixels', ['g', 'r', 'i', 'z', 'y'], 64, ['g', 'r', 'i', 'z', 'y']],
    ['other features', ['r'], 8, ['r', 'g-r', 'r-i', 'size']],
  ])('predicts galaxies of %s', async (_, bands, side, features) => {
    const model = await given(bands, side, features, specOf(bands, side, features));
    try {
      const pixels = bands.length * side * side;
      // Larger than the model takes, so that the margin must be left out.
      const larger = side + 2;
      const images = Float32Array.from({ length: COUNT * bands.length * larger * larger }, (_value, at) => {
        const [row, column] = [Math.floor(at / larger) % larger, at % larger];
        const inside = row > 0 && row <= side && column > 0 && column <= side;
        return inside ? Math.floor(at / (bands.length * larger * larger)) + ((at % 7) - 3) / 1000 : 1e6;
      });
      const batch = {
        from: 0,
        count: COUNT,
        images,
        magnitudes: new Float64Array(COUNT * features.length).fill(20),
        redshift: null,
      };
      const shape = {
        count: COUNT,
        imageShape: [bands.length, larger, larger],
        features: features.length,
        redshiftDtype: null,
      } as const;
      const file = await buffer(partitionStream(shape, [batch]));
      const batches: PredictedSamples[] = [];
      const predicted = await predictSource(bufferSource('1.pt', file), model, {
        batchSize: 2,
        checkCrc: true,
        onPredicted: (samples) => batches.push(samples),
      });
      const redshifts = batches.flatMap(({ zPred }) => [...zPred!]);
      redshifts.forEach((z, galaxy) => expect(z).toBeCloseTo(SCALE * (galaxy + 20), 3));
      expect(batches.flatMap(({ flags }) => [...flags])).toEqual(new Array(COUNT).fill(0));
      const cut = await openGalaxies(bufferSource('1.pt', file), { spec: model.predictor.contract.spec });
      expect((await cut.read(0, 1)).images).toHaveLength(pixels);

      const parquet = encodePredictions(0, [{ partition: '1.pt', batches }], { features });
      const names = parquetMetadata(new Uint8Array(parquet).buffer).schema.map(({ name }) => name);
      expect(names.slice(1)).toEqual(['rank', 'partition', 'index', 'z_spec', 'z_pred', ...features, 'flags']);
      const { notChecked, warnings } = findingsOf([{ partition: '1.pt', ...predicted }], model);
      expect(warnings).toEqual([]);
      expect(notChecked).toContainEqual(expect.stringContaining('known of the five bands of SDSS'));
    } finally {
      await model.predictor.close();
    }
  });

  it.each([['NCHW'], ['NHWC']])('predicts from pixels that it has resized and scaled, as %s', async (layout) => {
    const scaling = [{ subtract: [1, 2] }, { divide: 4 }];
    const spec = { inputs: { image: { bands: ['g', 'r'], side: 3, fit: 'resize', layout, scaling } } };
    const modelPath = join(folder, `${layout}.onnx`);
    const shape = layout === 'NHWC' ? [3, 3, 2] : [2, 3, 3];
    const graph = testModel({ image: image('n', ...shape), magnitudes: null });
    await writeFile(modelPath, withMetadata(graph, MODEL_SPEC_KEY, JSON.stringify(spec)));
    const model = await openModel({ modelPath, label: 'm.onnx', workers: 1, cacheFolder: folder });
    try {
      // Each of one value, so that it stays what it is at any size.
      const data = Float32Array.from(
        { length: COUNT * 32 },
        (_, at) => 9 + Math.floor(at / 32) + (at % 32 < 16 ? 0 : 4),
      );
      const file = await buffer(stateDictStream({ image: { dtype: 'float32', shape: [COUNT, 2, 4, 4], data } }));
      const found: number[] = [];
      await predictSource(bufferSource('1.pt', file), model, {
        batchSize: 2,
        checkCrc: true,
        onPredicted: ({ zPred }) => found.push(...zPred!),
      });
      // Mean of (9 + galaxy - 1) / 4 and (13 + galaxy - 2) / 4.
      found.forEach((z, galaxy) => expect(z).toBeCloseTo((SCALE * (9.5 + galaxy)) / 4, 6));
      expect(found).toHaveLength(COUNT);
    } finally {
      await model.predictor.close();
    }
  });

  it('predicts from images alone, with predictions that have no features', async () => {
    const spec = { inputs: { image: { bands: ['g', 'r'], side: 3 } } };
    const modelPath = join(folder, 'alone.onnx');
    const graph = testModel({ image: image('n', 2, 3, 3), magnitudes: null });
    await writeFile(modelPath, withMetadata(graph, MODEL_SPEC_KEY, JSON.stringify(spec)));
    const model = await openModel({ modelPath, label: 'alone.onnx', workers: 1, cacheFolder: folder });
    try {
      expect(model.predictor.contract.spec.features).toEqual([]);
      const images = Float32Array.from(
        { length: COUNT * 18 },
        (_, at) => Math.floor(at / 18) + 1 + ((at % 18) - 8.5) / 1000,
      );
      const file = await buffer(
        stateDictStream({
          image: { dtype: 'float32', shape: [COUNT, 2, 3, 3], data: images },
          id: { dtype: 'int64', shape: [COUNT], data: BigInt64Array.from({ length: COUNT }, (_, at) => BigInt(at)) },
        }),
      );
      const batches: PredictedSamples[] = [];
      const predicted = await predictSource(bufferSource('1.pt', file), model, {
        batchSize: 2,
        checkCrc: true,
        onPredicted: (samples) => batches.push(samples),
      });
      batches
        .flatMap(({ zPred }) => [...zPred!])
        .forEach((z, galaxy) => expect(z).toBeCloseTo(SCALE * (galaxy + 1), 3));
      expect(batches.flatMap(({ flags }) => [...flags])).toEqual(new Array(COUNT).fill(0));
      const parquet = encodePredictions(0, [{ partition: '1.pt', batches }], { features: [] });
      const names = parquetMetadata(new Uint8Array(parquet).buffer).schema.map(({ name }) => name);
      expect(names.slice(1)).toEqual(['rank', 'partition', 'index', 'z_spec', 'z_pred', 'flags', 'id']);
      expect(findingsOf([{ partition: '1.pt', ...predicted }], model).warnings).toEqual([]);
    } finally {
      await model.predictor.close();
    }
  });

  it.each<[string, object | string, RegExp]>([
    ['no JSON', '{', /cosmicai.spec in the metadata of m\.onnx/],
    [
      'another shape than it has',
      specOf(['g', 'r', 'i'], 25, ['g', 'r', 'i']),
      /"image" takes \[n, 3, 24, 24\]; galaxies are fed as \[n, 3, 25, 25\]/,
    ],
    [
      'another number of features',
      specOf(['g', 'r', 'i'], 24, ['g']),
      /"magnitudes" takes \[n, 3\]; galaxies are fed as \[n, 1\]/,
    ],
    ['no bands', specOf([], 24, ['g']), /at least one of the bands/],
    ['a band twice', specOf(['g', 'g'], 24, ['g']), /each of the bands once/],
    [
      'classes without labels',
      { ...specOf(['g', 'r', 'i'], 24, ['g', 'r', 'i']), outputs: [{ name: 'redshift', kind: 'classes' }] },
      /labels: found nothing; allowed: 2 to 4096 labels, one for each class/,
    ],
  ])('is refused where it says %s', async (_, told, message) => {
    await expect(given(['g', 'r', 'i'], 24, ['g', 'r', 'i'], told)).rejects.toThrow(message);
  });
});

it('is refused without a word of features where its spec has none', async () => {
  const modelPath = join(folder, 'unnamed.onnx');
  const graph = testModel({ image: { ...image('n', 2, 3, 3), name: 'x' }, magnitudes: null });
  const spec = { inputs: { image: { bands: ['g', 'r'], side: 3 } } };
  await writeFile(modelPath, withMetadata(graph, MODEL_SPEC_KEY, JSON.stringify(spec)));
  await expect(openModel({ modelPath, workers: 1, cacheFolder: folder })).rejects.toThrow(
    /Wanted: input image \[n, 2, 3, 3\]; output redshift .*\n.*--map image=x/,
  );
});
