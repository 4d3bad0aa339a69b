import { EnvironmentError, UserInputError } from '@cosmicai/payload';
import { image, magnitudes, port, SCALE, testModel } from '../../../test/onnx-models.ts';
import { coresGiven } from '../src/cores-given.ts';
import { createPredictor, unusable, type Predictor, type PredictorOptions, type Samples } from '../src/predictor.ts';

const PIXELS = 5 * 32 * 32;

/** Galaxies whose pixels have the mean k and whose magnitudes have the mean 2 k. */
function galaxies(count: number): Samples {
  return {
    count,
    images: Float32Array.from({ length: count * PIXELS }, (_, at) => Math.floor(at / PIXELS)),
    magnitudes: Float64Array.from({ length: count * 5 }, (_, at) => 2 * Math.floor(at / 5)),
  };
}

async function opened<T>(bytes: Uint8Array, use: (predictor: Predictor) => Promise<T>, options: PredictorOptions = {}) {
  const model = { label: 'm.onnx', bytes: { graph: Uint8Array.from(bytes), external: [] } };
  const predictor = await createPredictor(model, { workers: 2, ...options });
  try {
    return await use(predictor);
  } finally {
    await predictor.close();
  }
}

async function partsOf(predictor: Predictor, count: number, forwardPass?: number): Promise<number[]> {
  const parts: number[] = [];
  await predictor.predict(galaxies(count), forwardPass, (part) => parts.push(part));
  return parts.sort((a, b) => b - a);
}

describe('a predictor', () => {
  it('answers each galaxy in its place, in parts of 32 at most', async () => {
    await opened(testModel(), async (predictor) => {
      const redshift = await predictor.predict(galaxies(70));
      expect(redshift).toHaveLength(70);
      for (const [k, z] of redshift.entries()) expect(z).toBeCloseTo(SCALE * 3 * k, 4);
      expect(await partsOf(predictor, 70)).toEqual([32, 32, 6]);
      expect(await partsOf(predictor, 70, 100)).toEqual([32, 32, 6]);
      expect(await partsOf(predictor, 25, 10)).toEqual([10, 10, 5]);
      expect(await partsOf(predictor, 3, 0)).toEqual([1, 1, 1]);
      expect(await partsOf(predictor, 0)).toEqual([]);
      expect(predictor.contract.batch).toBeNull();
      const [one, other] = await Promise.all([predictor.predict(galaxies(40)), predictor.predict(galaxies(50))]);
      expect([one.at(-1), other.at(-1)]).toEqual([redshift[39], redshift[49]]);
    });
  });

  it('keeps to the number that a model was frozen at', async () => {
    await opened(testModel({ image: image(4, 5, 32, 32), magnitudes: magnitudes(4, 5) }), async (predictor) => {
      expect(predictor.contract.batch).toBe(4);
      expect(await partsOf(predictor, 10)).toEqual([4, 4, 2]);
      expect(await partsOf(predictor, 10, 2)).toEqual([4, 4, 2]);
    });
  });

  it('has as many workers as asked for, one for each core when not', async () => {
    await opened(testModel(), async ({ workers }) => expect(workers).toBe(2));
    const predictor = await createPredictor({
      label: 'm',
      bytes: { graph: testModel() as Uint8Array<ArrayBuffer>, external: [] },
    });
    expect(predictor.workers).toBe(coresGiven());
    await predictor.close();
    await expect(opened(testModel(), async () => undefined, { workers: 0 })).rejects.toThrow(
      new EnvironmentError('A predictor needs a worker.'),
    );
  });

  it('feeds a model by the names it has', async () => {
    const other = testModel({
      image: port('pixels', 'float', 'n', 5, 32, 32),
      magnitudes: port('mags', 'float', 'n', 5),
    });
    await opened(
      other,
      async (predictor) => {
        expect(predictor.contract).toMatchObject({ image: { name: 'pixels' }, magnitudes: { name: 'mags' } });
        expect((await predictor.predict(galaxies(2)))[1]).toBeCloseTo(SCALE * 3, 4);
      },
      { names: { image: 'pixels', magnitudes: 'mags' } },
    );
    const refused = opened(other, async () => undefined);
    await expect(refused).rejects.toBeInstanceOf(UserInputError);
    await expect(refused).rejects.toThrow(/^The model m\.onnx can't be used: it has no input "image"/);
    const error = await refused.catch((caught: unknown) => caught as Error);
    expect(error).toMatchObject({ cause: expect.any(UserInputError) as Error });
  });

  it('refuses what onnxruntime can’t load', async () => {
    const refused = opened(Uint8Array.of(1, 2, 3), async () => undefined);
    await expect(refused).rejects.toBeInstanceOf(UserInputError);
    await expect(refused).rejects.toThrow(/^The model m\.onnx can't be used: onnxruntime can't load it: .*\.$/);
  });

  it('takes the bytes of the model with it', async () => {
    const graph = Uint8Array.from(testModel());
    const predictor = await createPredictor({ label: 'm', bytes: { graph, external: [] } }, { workers: 2 });
    expect(graph.byteLength).toBe(0);
    await predictor.close();
  });

  it('is closed once it was, and says so', async () => {
    const predictor = await opened(testModel(), async (open) => {
      expect(open.closed).toBe(false);
      return open;
    });
    expect(predictor.closed).toBe(true);
    await expect(predictor.predict(galaxies(1))).rejects.toThrow(new EnvironmentError('The predictor is closed.'));
  });

  it('tells of galaxies that can’t be handed over, and goes on', async () => {
    await opened(testModel(), async (predictor) => {
      const images = Object.assign(new Float32Array(PIXELS), {
        slice: () => {
          throw new Error('no memory');
        },
      });
      const predicting = predictor.predict({ ...galaxies(1), images });
      await expect(predicting).rejects.toThrow("A batch can't be handed to a worker: no memory");
      await expect(predicting).rejects.toBeInstanceOf(EnvironmentError);
      expect(await predictor.predict(galaxies(2))).toHaveLength(2);
    });
  });
});

describe('the sentence about a model', () => {
  it.each([
    ['it is small', "The model m can't be used: it is small."],
    ['it is small.', "The model m can't be used: it is small."],
    ['it is small (3 bytes)', "The model m can't be used: it is small (3 bytes)"],
    ['a.b is small', "The model m can't be used: a.b is small."],
  ])('ends once: %s', (why, sentence) => {
    expect(unusable('m', why)).toBe(sentence);
  });
});
