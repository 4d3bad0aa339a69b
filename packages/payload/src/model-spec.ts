import { z } from 'zod';
import { modelOutputSchema, REDSHIFT_OUTPUT, type ModelOutput } from './model-output.ts';

/** What a model takes of a sample and what its answer is compared with, by name. */
export interface ModelSpec {
  readonly image: ImageSpec;
  /** The numbers beside the image, in order; none for a model that looks at images alone. */
  readonly features: readonly string[];
  /** The column of true values. */
  readonly truth: string;
  /** What the model answers that is the prediction; default: one number, called redshift. */
  readonly output?: ModelOutput | undefined;
}

/** Images of samples: square, [bands, side, side]. */
export interface ImageSpec {
  readonly bands: readonly string[];
  /** Pixels along an edge. */
  readonly side: number;
}

/** SDSS cutouts in nanomaggies, and their magnitudes: what AstroMAE takes, and every model so far. */
export const ASTROMAE = {
  image: { bands: ['u', 'g', 'r', 'i', 'z'], side: 32 },
  features: ['mag_u', 'mag_g', 'mag_r', 'mag_i', 'mag_z'],
  truth: 'redshift',
} as const satisfies ModelSpec;

/** [bands, side, side] */
export function imageShape({ bands, side }: ImageSpec): readonly [bands: number, height: number, width: number] {
  return [bands.length, side, side];
}

/** Pixels of a sample, in all its bands. */
export function imagePixels({ bands, side }: ImageSpec): number {
  return bands.length * side * side;
}

/** Key of an ONNX file's metadata that holds its spec as JSON. */
export const MODEL_SPEC_KEY = 'cosmicai.spec';

const LARGEST_SIDE = 1024;
const name = z.string({ error: 'a name' }).min(1, { error: 'a name' });
const listOf = (what: string) =>
  z
    .array(name, { error: `a list of ${what} by name` })
    .refine((list) => new Set(list).size === list.length, { error: `each of the ${what} once` });
const names = (what: string) =>
  listOf(what).refine((list) => list.length > 0, { error: `at least one of the ${what}` });
const side = z
  .int({ error: `pixels along an edge, 1 to ${LARGEST_SIDE}` })
  .min(1, { error: `pixels along an edge, 1 to ${LARGEST_SIDE}` })
  .max(LARGEST_SIDE, { error: `pixels along an edge, 1 to ${LARGEST_SIDE}` });

/** What people write of a model, as its metadata hold it. */
export const modelSpecSchema = z
  .strictObject(
    {
      inputs: z.strictObject(
        {
          image: z.strictObject(
            {
              bands: names('bands'),
              side,
              layout: z.literal('NCHW', { error: 'NCHW: bands, then rows, then columns' }).optional(),
              scaling: z.literal('none', { error: 'none: pixels go to the model as they are in the file' }).optional(),
            },
            { error: 'an object with bands and side' },
          ),
          features: listOf('features').default([]),
        },
        { error: 'an object with image and, where the model takes some, features' },
      ),
      outputs: z
        .array(modelOutputSchema, { error: 'a list with one output' })
        .length(1, { error: 'one output' })
        .optional(),
      truth: name.optional(),
    },
    { error: 'a model spec: an object with inputs' },
  )
  .transform(({ inputs: { image, features }, outputs, truth = ASTROMAE.truth }): ModelSpec => ({
    image: { bands: image.bands, side: image.side },
    features,
    truth,
    ...(outputs?.[0] !== undefined && { output: outputs[0] }),
  }));

/** A spec as results hold it. */
export const sampleSpecSchema = z.object({
  image: z.object({ bands: z.array(z.string()), side: z.number().int().positive() }),
  features: z.array(z.string()),
  truth: z.string(),
});

/** What a model of a spec answers. */
export function outputOf({ output = REDSHIFT_OUTPUT }: Pick<ModelSpec, 'output'>): ModelOutput {
  return output;
}

/** Whether samples of a spec are those that AstroMAE takes: five bands of SDSS, 32 pixels wide, and their magnitudes. */
export function isAstromae({ image, features }: ModelSpec): boolean {
  return (
    image.side === ASTROMAE.image.side &&
    image.bands.join() === ASTROMAE.image.bands.join() &&
    features.join() === ASTROMAE.features.join()
  );
}

/** Bits of a sample as throughputs count them: image (float32) and features (float64), without its true value. */
export function sampleBits({ image, features }: ModelSpec): number {
  return imagePixels(image) * 32 + features.length * 64;
}
