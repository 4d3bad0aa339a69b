import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserInputError } from '@cosmicai/payload';
import { SCALE } from '../../../../test/onnx-models.ts';
import { openModel, type OpenModelOptions, type Samples } from '../../src/index.ts';

const PIXELS = 5 * 32 * 32;
/** What the pixels and magnitudes of galaxies are on the average; the fourth is as faint as no survey goes. */
const FLUX = [0.5, 1, 2, 4, 8];
const MAGNITUDE = [16, 17, 18, 40, 20];
const galaxies: Samples = {
  count: FLUX.length,
  images: Float32Array.from({ length: FLUX.length * PIXELS }, (_, at) => FLUX[Math.floor(at / PIXELS)]!),
  magnitudes: Float64Array.from({ length: FLUX.length * 5 }, (_, at) => MAGNITUDE[Math.floor(at / 5)]! + (at % 5) - 2),
};

/** What `testModel` answers for them: of images and magnitudes, and of images alone. */
export const BOTH = FLUX.map((flux, index) => SCALE * (flux + MAGNITUDE[index]!));
export const IMAGE_ONLY = FLUX.map((flux) => SCALE * flux);

/** A model file, and either the redshifts that it gives or why it is refused. */
export type Row = [
  name: string,
  model: Uint8Array | string,
  expected: readonly number[] | RegExp,
  how?: Partial<OpenModelOptions> & { readonly beside?: readonly (readonly [name: string, values: number[]])[] },
];

/** Tests that each model of a table gives those redshifts, or is refused in those words and by its name. */
export function testModels(table: readonly Row[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'cosmicai-models-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.concurrent.each<Row>(table)('%s', async (name, model, expected, { beside = [], ...options } = {}) => {
    const home = join(folder, name.replaceAll(/\W/g, '_'), 'model');
    mkdirSync(join(home, 'data'), { recursive: true });
    for (const [file, values] of beside)
      writeFileSync(join(home, file), new Uint8Array(Float32Array.from(values).buffer));
    const modelPath = join(home, 'm.onnx');
    writeFileSync(modelPath, model);
    const opening = openModel({ modelPath, label: 'm.onnx', workers: 1, cacheFolder: home, ...options });

    if (expected instanceof RegExp) {
      const error: unknown = await opening.then(
        ({ predictor }) => predictor.close(),
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(UserInputError);
      const { message } = error as Error;
      expect(message).toMatch(expected);
      // Named once, and by that name only.
      expect(message.split('m.onnx')).toHaveLength(2);
      expect(message).not.toMatch(/cosmicai-models-|onnxruntime_src|\.cc:/);
      expect(message).toMatch(/[.)]$/);
      return;
    }
    const { predictor } = await opening;
    try {
      // The last of the batches is a short one.
      expectClose(await predictor.predict(galaxies, 3), expected);
    } finally {
      await predictor.close();
    }
  });
}

function expectClose(found: Float32Array, expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  // Halves have eleven bits.
  expected.forEach((z, index) => {
    if (Number.isNaN(z)) expect(found[index]).toBeNaN();
    else expect(Math.abs(found[index]! - z)).toBeLessThan(z * 2 ** -10);
  });
}
