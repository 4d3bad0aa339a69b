import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel, type Samples } from '@cosmicai/inference';
import { UserInputError } from '@cosmicai/payload';
import { bufferSource, type ByteSource } from '@cosmicai/store';
import { FAMILIES, importModel, inspectFile, type ImportOptions, type ModelFamily } from './index.ts';

/** A family for the suite. */
export interface FamilyFixture {
  /** The bytes of one of its checkpoints. */
  readonly checkpoint: () => Promise<Uint8Array>;
  /** What must be said beside it. Default: nothing. */
  readonly options?: ImportOptions;
  /** Galaxies for it. */
  readonly samples: () => Promise<Samples>;
  /** What the checkpoint answers for them where it was trained: PyTorch's own numbers, or a formula's. */
  readonly answers: (samples: Samples) => ArrayLike<number>;
  /** Largest difference that float32 rounding explains. Default 2e-6. */
  readonly tolerance?: number;
}

/** Places to end a checkpoint at. */
const TORN = 8;

/**
 * Registers the tests that every family of models passes with Jest, or a runner with the same `describe`, `it`, `expect`,
 * `beforeAll` and `afterAll`.
 */
export function describeModelFamily(family: ModelFamily, fixture: FamilyFixture): void {
  const { options = {}, tolerance = 2e-6 } = fixture;
  describe(`${family.name} as a family of models`, () => {
    let folder: string;
    let checkpoint: ByteSource;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'cosmicai-family-'));
      checkpoint = bufferSource('some.checkpoint', await fixture.checkpoint());
    });
    afterAll(() => rm(folder, { recursive: true }));

    async function compiledFile(): Promise<string> {
      const path = join(folder, 'model.onnx');
      await writeFile(path, (await importModel(checkpoint, options)).model);
      return path;
    }

    it('is registered, under a name of its own', () => {
      expect(FAMILIES).toContain(family);
      expect(FAMILIES.filter(({ name }) => name === family.name)).toEqual([family]);
      const architectures = FAMILIES.flatMap((known) => known.architectures);
      expect(new Set(architectures).size).toBe(architectures.length);
    });

    it('recognises its checkpoint, which no other family does', async () => {
      const answers = FAMILIES.map((known) => known.recognises(checkpoint).catch(unusable));
      const claimed = await Promise.all(answers);
      expect(FAMILIES.filter((_, at) => claimed[at])).toEqual([family]);
    });

    it('compiles it to the same bytes each time', async () => {
      const [first, second] = [await importModel(checkpoint, options), await importModel(checkpoint, options)];
      expect(Buffer.compare(first.model, second.model)).toBe(0);
    });

    it('compiles what answers as the checkpoint does', async () => {
      const { predictor } = await openModel({ modelPath: await compiledFile(), workers: 1 });
      try {
        const samples = await fixture.samples();
        const expected = Array.from(fixture.answers(samples));
        const found = await predictor.predict(samples);
        expect(found).toHaveLength(expected.length);
        const differences = expected.map((value, at) => Math.abs(value - (found[at] ?? NaN)));
        expect(Math.max(...differences)).toBeLessThan(tolerance);
      } finally {
        await predictor.close();
      }
    });

    it('describes what it compiled, which infer runs', async () => {
      const { compiled, file, inference } = await inspectFile(await compiledFile(), {});
      expect(inference).toMatchObject({ usable: true });
      expect(family.architectures).toContain(file.metadata.get('cosmicai.architecture'));
      expect(compiled?.pairs.length).toBeGreaterThan(0);
      expect(JSON.parse(JSON.stringify(compiled?.json))).toEqual(expect.any(Object));
    });

    it('says so of a file that is not what it compiled', () => {
      expect(() => family.describe(Uint8Array.of(1, 2, 3))).toThrow(UserInputError);
    });

    it('refuses a checkpoint that ends early, wherever it ends', async () => {
      const bytes = await fixture.checkpoint();
      for (let part = 0; part < TORN; part++) {
        const torn = bufferSource('torn', bytes.subarray(0, Math.floor((bytes.length * part) / TORN)));
        await expect(family.compile(torn, options)).rejects.toThrow(UserInputError);
      }
    });
  });
}

function unusable(error: unknown): false {
  if (error instanceof UserInputError) return false;
  throw error;
}
