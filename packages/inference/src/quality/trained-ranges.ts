import { readFile } from 'node:fs/promises';
import { parseJsonAs, TRAINED_RANGES_KEY, trainedRangesSchema, type TrainedRanges } from '@cosmicai/payload';
import { describeOnnxFile } from '../onnx/describe-file.ts';

/** The file beside a model that holds its trained ranges where the model itself doesn't: `x.trained.json` beside `x.onnx`. */
export function trainedRangesFile(modelPath: string): string {
  return `${modelPath.replace(/\.onnx$/, '')}.trained.json`;
}

/**
 * The ranges that a model was trained on: from its own metadata or, where it has none, from the file beside it.
 *
 * @param metadata the model's own
 * @returns undefined where neither tells them
 * @throws UserInputError when the model can't be read or is none, InvalidInputError when what is there isn't what it should be
 */
export async function readTrainedRanges(
  modelPath: string,
  metadata: ReadonlyMap<string, string> = describeOnnxFile(modelPath).metadata,
): Promise<TrainedRanges | undefined> {
  const text = metadata.get(TRAINED_RANGES_KEY);
  if (text !== undefined)
    return parseJsonAs(trainedRangesSchema, text, `${TRAINED_RANGES_KEY} in the metadata of ${modelPath}`);
  const beside = trainedRangesFile(modelPath);
  try {
    return parseJsonAs(trainedRangesSchema, await readFile(beside, 'utf8'), beside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
