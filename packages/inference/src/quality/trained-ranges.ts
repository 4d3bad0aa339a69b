import { readFile } from 'node:fs/promises';
import {
  parseJsonAs,
  TRAINED_RANGES_KEY,
  trainedRangesFile,
  trainedRangesSchema,
  UserInputError,
  type TrainedRanges,
} from '@cosmicai/payload';
import { describeOnnxFile } from '../onnx/describe-file.ts';
import { trainedSize } from '../onnx/model-files.ts';

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
  if ((await trainedSize(beside)) === undefined) return undefined;
  const content = await readFile(beside, 'utf8').catch((error: unknown) => {
    throw new UserInputError(`${beside} can't be read: ${(error as Error).message}`, { cause: error });
  });
  return parseJsonAs(trainedRangesSchema, content, beside);
}
