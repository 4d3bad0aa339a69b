import { z } from 'zod';
import { ASTROMAE } from './model-spec.ts';

const range = z
  .tuple([z.number(), z.number()], { error: 'a range: [smallest, largest]' })
  .refine(([low, high]) => low <= high, { error: 'a range: [smallest, largest]' });

/** The values that a model of so many magnitudes, or other features, was trained on. */
export const trainedRangesOf = (features: number) =>
  z.object(
    {
      /** Of each magnitude, in the order of the columns. */
      magnitudes: z
        .array(range, { error: 'a list of ranges, one for each magnitude' })
        .length(features, { error: `${features} ranges, one for each magnitude` }),
      redshift: range,
    },
    { error: 'trained ranges: an object with magnitudes and redshift' },
  );

/** The values that a model was trained on, or was profiled with: beyond them its predictions are guesses. */
export const trainedRangesSchema = trainedRangesOf(ASTROMAE.features.length);
export type TrainedRanges = z.output<typeof trainedRangesSchema>;

/** Key of an ONNX file's metadata that holds them as JSON. */
export const TRAINED_RANGES_KEY = 'cosmicai.trained';

/** The name of a model or checkpoint without its ending, which files beside it share. */
export function modelStem(path: string): string {
  return path.replace(/\.(onnx|pt|pth|ckpt)$/i, '');
}

/** The file beside a model or checkpoint that holds its trained ranges where it doesn't itself: `x.trained.json` beside `x.onnx`. */
export function trainedRangesFile(modelPath: string): string {
  return `${modelStem(modelPath)}.trained.json`;
}
