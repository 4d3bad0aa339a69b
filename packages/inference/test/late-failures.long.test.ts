import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserInputError } from '@cosmicai/payload';
import { fileStore } from '@cosmicai/store';
import { storeSource } from '@cosmicai/torchfile';
import { LATE, SLOW, writeGalaxies } from '../../../test/late-failures.ts';
import { openModel, predictSource, type LoadedModel, type PredictedSamples } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'cosmicai-late-'));
const ALL = Array.from({ length: 2000 }, (_, index) => index);
beforeAll(async () => {
  await writeGalaxies(folder, 'sound.pt', []);
  await writeGalaxies(folder, 'one.pt', [700]);
  await writeGalaxies(folder, 'last.pt', [1999]);
  await writeGalaxies(folder, 'all.pt', ALL);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function opened<T>(bytes: Uint8Array, use: (model: LoadedModel) => Promise<T>): Promise<T> {
  const modelPath = join(folder, 'm.onnx');
  writeFileSync(modelPath, bytes);
  const model = await openModel({ modelPath, label: 'm.onnx', workers: 2, cacheFolder: folder });
  try {
    return await use(model);
  } finally {
    await model.predictor.close();
  }
}

async function predict(model: LoadedModel, file: string, batchSize: number) {
  const source = await storeSource(fileStore(folder), file);
  const redshift: number[] = [];
  const onPredicted = ({ zPred }: PredictedSamples) => redshift.push(...zPred!);
  return { redshift, ...(await predictSource(source, model, { batchSize, checkCrc: false, onPredicted })) };
}

async function failure(model: LoadedModel, file: string, batchSize: number): Promise<string> {
  const error: unknown = await predict(model, file, batchSize).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserInputError);
  return (error as Error).message;
}

describe('a model that fails on galaxies that it was not tried on', () => {
  it.each([
    // Reads are of 32 galaxies, four under way at a time, or of 512 in sixteen forward passes.
    ['one.pt', 32, 'galaxies 672 to 703'],
    ['one.pt', 512, 'galaxies 672 to 703'],
    ['one.pt', 1, 'galaxy 700'],
    ['last.pt', 32, 'galaxies 1984 to 1999'],
    ['last.pt', 512, 'galaxies 1984 to 1999'],
    ['all.pt', 512, /galaxies \d+ to \d+/],
  ])('names them: %s at a batch size of %d', async (file, batchSize, galaxies) => {
    await opened(LATE.outOfRange, async (model) => {
      const message = await failure(model, file, batchSize);
      expect(message).toMatch(galaxies);
      expect(message).toMatch(
        /\/\w+\.pt, galax.* \(the first is 0\): The model m\.onnx can't be used: .*Gather.* out of data bounds.*\.$/,
      );
      // What was under way is over, and the next file has sound galaxies only.
      expect(await predict(model, 'sound.pt', batchSize)).toMatchObject({ count: 2000 });
    });
  });

  it('says how many answers are missing', async () => {
    await opened(LATE.fewer, async (model) => {
      expect(await failure(model, 'one.pt', 32)).toMatch('it answers 31 values for 32 galaxies; one for each');
      expect(await failure(model, 'all.pt', 1)).toMatch('galaxy 0 (the first is 0): The model m.onnx');
      expect(await failure(model, 'last.pt', 512)).toMatch('it answers 15 values for 16 galaxies');
    });
    await opened(LATE.firstEight, async (model) => {
      expect(await failure(model, 'sound.pt', 512)).toMatch('it answers 8 values for 32 galaxies');
      expect(await predict(model, 'sound.pt', 8)).toMatchObject({ count: 2000 });
    });
  });

  it('keeps what is no number, and flags it', async () => {
    await opened(LATE.notANumber, async (model) => {
      const { redshift } = await predict(model, 'one.pt', 512);
      expect(redshift.map((z, index) => (Number.isNaN(z) ? index : -1)).filter((index) => index >= 0)).toEqual([700]);
    });
  });
});

describe('closing a predictor', () => {
  it('ends the forward passes under way and drops the others', async () => {
    await opened(SLOW, async ({ predictor }) => {
      const blank = (count: number) => ({
        count,
        images: new Float32Array(count * 5120),
        magnitudes: new Float64Array(count * 5),
      });
      // Both workers have one of these forward passes, and begin with those after it.
      const begun = predictor.predict(blank(64));
      const dropped = expect(predictor.predict(blank(2000))).rejects.toThrow('The predictor is closed.');
      await predictor.close();
      expect(await begun).toHaveLength(64);
      await dropped;
      await expect(predictor.predict(blank(1))).rejects.toThrow('The predictor is closed.');
    });
  });
});
