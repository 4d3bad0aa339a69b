import { z } from 'zod';
import { answerColumns } from './answer-columns.ts';
import { strictFields } from './field-names.ts';
import { scalingMisfit, scalingSchema, type ScalingStep } from './image-scaling.ts';
import { REDSHIFT_OUTPUT, type ModelOutput } from './model-output.ts';
import { modelOutputsSchema } from './model-outputs.ts';

/** What a model takes of a sample and what its answer is compared with, by name. */
export interface ModelSpec {
  readonly image: ImageSpec;
  /** The numbers beside the image, in order; none for a model that looks at images alone. */
  readonly features: readonly string[];
  /** The column of true values. */
  readonly truth: string;
  /** What the model answers that is predicted; default: one number, called redshift. */
  readonly outputs?: readonly ModelOutput[] | undefined;
}

/** Images of samples: square, [bands, side, side]. */
export interface ImageSpec {
  readonly bands: readonly string[];
  /** Pixels along an edge. */
  readonly side: number;
  /** What becomes of larger images: their centre is cut out (default), or images of any size are resampled. */
  readonly fit?: ImageFit | undefined;
  /** Of the model's input; default NCHW. Samples are NCHW, whatever the model takes. */
  readonly layout?: ImageLayout | undefined;
  /** What is done to the pixels before the model gets them, in order; default: nothing. */
  readonly scaling?: readonly ScalingStep[] | undefined;
}

const FITS = ['crop', 'resize'] as const;
const LAYOUTS = ['NCHW', 'NHWC'] as const;
export type ImageFit = (typeof FITS)[number];
export type ImageLayout = (typeof LAYOUTS)[number];

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

/** An image as the model's input has it: [bands, side, side], or [side, side, bands]. */
export function inputShape(image: ImageSpec): readonly [number, number, number] {
  const { bands, side: pixels, layout } = image;
  return layout === 'NHWC' ? [pixels, pixels, bands.length] : imageShape(image);
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

/** Images as people write of them; what is as it is by default is left out. */
const imageSchema = strictFields(
  {
    bands: names('bands'),
    side,
    fit: z.enum(FITS, { error: 'crop (the centre of larger images) or resize' }).default('crop'),
    layout: z.enum(LAYOUTS, { error: 'NCHW (bands, then rows, then columns) or NHWC (bands last)' }).default('NCHW'),
    scaling: scalingSchema.default([]),
  },
  'an object with bands and side',
  'an object with bands and side, since models of features alone, without an image, are not run',
)
  .check(({ value: { bands, scaling }, issues }) => {
    const misfit = scalingMisfit(scaling, bands.length);
    if (misfit !== undefined) issues.push({ code: 'custom', input: scaling, path: ['scaling'], message: misfit });
  })
  .transform(({ bands, side: pixels, fit, layout, scaling }): ImageSpec => ({
    bands,
    side: pixels,
    ...(fit !== 'crop' && { fit }),
    ...(layout !== 'NCHW' && { layout }),
    ...(scaling.length > 0 && { scaling }),
  }));

/** What people write of a model, as its metadata hold it. */
export const modelSpecSchema = strictFields(
  {
    inputs: strictFields(
      {
        image: imageSchema,
        features: listOf('features').default([]),
      },
      'an object with image and, where the model takes some, features',
    ),
    outputs: modelOutputsSchema.optional(),
    truth: name.optional(),
  },
  'a model spec: an object with inputs',
)
  .check(({ value: { inputs, outputs = [] }, issues }) => {
    const { beside } = answerColumns(outputs);
    const taken = beside.find((column) => inputs.features.includes(column.name));
    if (taken === undefined) return;
    const message = `outputs that don’t give the column ${taken.name}, which is one of the features`;
    issues.push({ code: 'custom', input: outputs, path: ['outputs'], message });
  })
  .transform(({ inputs: { image, features }, outputs, truth = ASTROMAE.truth }): ModelSpec => ({
    image,
    features,
    truth,
    ...(outputs !== undefined && { outputs }),
  }));

/** A spec as it is written: what modelSpecSchema parses. */
export function writtenSpec({ image, features, truth, outputs }: ModelSpec): object {
  return { inputs: { image, features }, ...(outputs !== undefined && { outputs }), truth };
}

/** A spec as results hold it. */
export const sampleSpecSchema = z.object({
  image: imageSchema,
  features: z.array(z.string()),
  truth: z.string(),
});

/** What a model of a spec answers. */
export function outputsOf({ outputs = [REDSHIFT_OUTPUT] }: Pick<ModelSpec, 'outputs'>): readonly ModelOutput[] {
  return outputs;
}

/**
 * Whether samples of a spec are those that AstroMAE takes: five bands of SDSS, 32 pixels wide as they are in the file, and their
 * magnitudes. How its model gets them is another matter.
 */
export function isAstromae({ image, features }: ModelSpec): boolean {
  return (
    image.fit === undefined &&
    image.side === ASTROMAE.image.side &&
    image.bands.join() === ASTROMAE.image.bands.join() &&
    features.join() === ASTROMAE.features.join()
  );
}

/** Bits of a sample as throughputs count them: image (float32) and features (float64), without its true value. */
export function sampleBits({ image, features }: ModelSpec): number {
  return imagePixels(image) * 32 + features.length * 64;
}
