import { z } from 'zod';
import { predictionScoresSchema } from './prediction-scores.ts';
import { sha256Schema } from './written-file.ts';

const bits = z.number().int().positive();
const count = z.number().int().nonnegative();
const change = z.number().nonnegative();

/** How far a model in integers is from the one that it was made of, as results and reports tell it. */
export const arithmeticSchema = z.object({
  activation_bits: bits,
  weight_bits: bits,
  /** SHA-256 of the model that it was made of. */
  source_sha256: sha256Schema,
  /** On how many galaxies it was compared with that model; it was not calibrated on them. */
  galaxies: count,
  /** Of |z after - z before| over these galaxies: the largest, the mean, and what 99.9 % of them stay below. */
  max_dz: change,
  mean_dz: change,
  dz_999: change,
});
export type Arithmetic = z.output<typeof arithmeticSchema>;

/** Entry of an ONNX file's metadata that says as JSON how it was quantised, and what that changed. */
export const QUANTIZATION_KEY = 'cosmicai.quantization';

export const quantizationSchema = arithmeticSchema.extend({
  /** Matrix products in integers. */
  products: count,
  /** Galaxies whose activations gave the ranges. */
  calibrated_on: count,
  /** Largest |dz| / (1 + z). */
  max_relative_dz: change,
  scores_before: predictionScoresSchema,
  scores_after: predictionScoresSchema,
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
  const [most, nearlyAll, mean] = [arithmetic.max_dz, arithmetic.dz_999, arithmetic.mean_dz].map((dz) =>
    dz.toExponential(1),
  );
  return (
    `${arithmetic.activation_bits} bits, weights of ${arithmetic.weight_bits}, from the model ${arithmetic.source_sha256.slice(0, SHOWN)}; ` +
    `z of ${arithmetic.galaxies.toLocaleString('en-US')} galaxies changed by at most ${most} (99.9 %: ${nearlyAll}; mean: ${mean})`
  );
}
