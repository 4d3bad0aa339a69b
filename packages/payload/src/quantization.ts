import { z } from 'zod';
import { predictionScoresSchema } from './prediction-scores.ts';
import { sha256Schema } from './written-file.ts';

const bits = z.number().int().positive();
const count = z.number().int().nonnegative();
const change = z.number().nonnegative();

/** How far an answer other than the redshift is from what it was; docs/models.md says in which units. */
const answerChangeSchema = z.object({
  /** As the model calls it. */
  output: z.string(),
  of: z.enum(['value', 'uncertainty', 'probabilities', 'vector']),
  max: change,
  mean: change,
  /** Galaxies whose class is another one, where there are classes. */
  of_another_class: count.optional(),
});
export type AnswerChange = Readonly<z.output<typeof answerChangeSchema>>;

/** How far a model in integers is from the one that it was made of, as results and reports tell it. */
export const arithmeticSchema = z.object({
  activation_bits: bits,
  weight_bits: bits,
  /** SHA-256 of the file that it was made of. */
  source_sha256: sha256Schema,
  /** On how many galaxies it was compared with that model; it was not calibrated on them. */
  galaxies: count,
  /** Of |z after - z before| over these galaxies: the largest, the mean, and what 99.9 % stay below; null: it answers no redshift. */
  max_dz: change.nullable(),
  mean_dz: change.nullable(),
  dz_999: change.nullable(),
  /** Of what else it answers; absent where that is nothing. */
  answers: z.array(answerChangeSchema).optional(),
});
export type Arithmetic = z.output<typeof arithmeticSchema>;

const time = z.number().nonnegative();

/** Products that share their input: what they gain in integers, what that changes, and whether they are. */
const quantizedLayerSchema = z.object({
  /** Names of their nodes. */
  products: z.array(z.string()),
  /** Of the input for a galaxy, [rows, depth]; what comes of it has so many columns, those of all products together. */
  rows: z.number().nonnegative(),
  depth: count,
  columns: count,
  /** Microseconds for a galaxy, on one thread of the machine where it was measured. */
  fp32_us: time,
  int8_us: time,
  /** Largest change of an answer when they alone are in integers, as a share of what was allowed; 0 where they gain nothing. */
  change: change,
  integers: z.boolean(),
  /**
   * Rows of a column, and numbers of what is multiplied, that share a scale where the layer is done by blocks; absent where each column has
   * one scale and what is multiplied has another.
   */
  block: z.number().int().positive().optional(),
});
export type QuantizedLayer = z.output<typeof quantizedLayerSchema>;

/** Entry of an ONNX file's metadata that says as JSON how it was quantised, and what that changed. */
export const QUANTIZATION_KEY = 'cosmicai.quantization';

export const quantizationSchema = arithmeticSchema.extend({
  /** Matrix products in integers. */
  products: count,
  /** Galaxies whose activations gave the ranges. */
  calibrated_on: count,
  /** Largest |dz| / (1 + z). */
  max_relative_dz: change.nullable(),
  scores_before: predictionScoresSchema,
  scores_after: predictionScoresSchema,
  /** How layers were chosen; absent where all were taken. */
  layers: z.array(quantizedLayerSchema).readonly().optional(),
});
export type Quantization = z.output<typeof quantizationSchema>;

/** A model in integers that ranks predicted with. */
export const quantizedModelSchema = arithmeticSchema.extend({ model_sha256: z.string() });
export type QuantizedModel = z.output<typeof quantizedModelSchema>;

/** The models in integers among those that results were predicted with, each once, sorted by their hashes. */
export function quantizedModels(
  results: readonly { readonly model_sha256: string; readonly arithmetic?: Arithmetic | undefined }[],
): QuantizedModel[] {
  const models = new Map<string, QuantizedModel>();
  for (const { model_sha256, arithmetic } of results)
    if (arithmetic !== undefined) models.set(model_sha256, { model_sha256, ...arithmetic });
  return [...models.values()].sort((a, b) => (a.model_sha256 < b.model_sha256 ? -1 : 1));
}

/** Characters of a SHA-256 that tell models apart for people; files have all of them. */
const SHOWN = 12;

/** `8 bits, weights of 7, from the model …; z changes by at most 4.7e-4, …` */
export function describeArithmetic(arithmetic: Arithmetic): string {
  const { max_dz: most, dz_999: nearlyAll, mean_dz: mean, answers = [] } = arithmetic;
  const galaxies = `${arithmetic.galaxies.toLocaleString('en-US')} galaxies`;
  const redshift =
    most === null || nearlyAll === null || mean === null
      ? `${galaxies} compared`
      : `z of ${galaxies} changed by at most ${figure(most)} (99.9 %: ${figure(nearlyAll)}; mean: ${figure(mean)})`;
  return [
    `${arithmetic.activation_bits} bits, weights of ${arithmetic.weight_bits}, from the model ${arithmetic.source_sha256.slice(0, SHOWN)}`,
    redshift,
    ...answers.map(describeAnswerChange),
  ].join('; ');
}

/** `probabilities of type changed by at most 1.2e-3 (mean: 4.0e-5), 2 galaxies are of another class` */
export function describeAnswerChange({ output, of, max, mean, of_another_class: others }: AnswerChange): string {
  const classes =
    others === undefined ? '' : `, ${others} ${others === 1 ? 'galaxy is' : 'galaxies are'} of another class`;
  return `${of} of ${output} changed by at most ${figure(max)} (mean: ${figure(mean)})${classes}`;
}

function figure(value: number): string {
  return value.toExponential(1);
}
