import { z } from 'zod';
import { modelOutputSchema, type ModelOutput } from './model-output.ts';
import { modelOutputsSchema } from './model-outputs.ts';
import { isAstromae, outputsOf, sampleSpecSchema, type ModelSpec, ASTROMAE } from './model-spec.ts';

/** What results tell of a spec. */
export const specFieldsSchema = {
  /** What the model takes of a galaxy; absent where that is what AstroMAE takes. */
  sample_spec: sampleSpecSchema.optional(),
  /** What the model answers; absent where that is one number, or several things at once. */
  model_output: modelOutputSchema.optional(),
  /** What the model answers, where it is several things at once. */
  model_outputs: modelOutputsSchema.optional(),
};

export type SpecFields = z.output<z.ZodObject<typeof specFieldsSchema>>;

/** A spec as results tell it; nothing of what models do that say nothing. */
export function specFields(spec: ModelSpec): SpecFields {
  const outputs = outputsOf(spec);
  const [only, ...more] = outputs;
  const { scaling, layout } = spec.image;
  const isUsual = isAstromae(spec) && scaling === undefined && layout === undefined;
  return {
    ...(!isUsual && { sample_spec: sampleSpecSchema.parse(spec) }),
    ...(more.length > 0 && { model_outputs: modelOutputsSchema.parse(outputs) }),
    ...(more.length === 0 &&
      only !== undefined &&
      only.kind !== 'value' && { model_output: modelOutputSchema.parse(only) }),
  };
}

/** The spec that results tell. */
export function specIn(told: SpecFields): ModelSpec {
  const samples: ModelSpec = told.sample_spec ?? ASTROMAE;
  const outputs: readonly ModelOutput[] | undefined =
    told.model_outputs ?? (told.model_output === undefined ? undefined : [told.model_output]);
  return { ...samples, ...(outputs !== undefined && { outputs }) };
}
