import {
  parseJsonAs,
  TRAINED_RANGES_KEY,
  trainedRangesFile,
  trainedRangesOf,
  ASTROMAE,
  type ModelSpec,
  type TrainedRanges,
} from '@cosmicai/payload';
import type { FoundFile, ModelSource } from '../model/model-source.ts';

export interface FoundRanges {
  /** undefined where nobody tells them. */
  readonly ranges: TrainedRanges | undefined;
  /** The file beside the model that says them; undefined: its metadata, or nobody. */
  readonly file: FoundFile | undefined;
  /** The file beside the model where the model itself tells nothing, with its version: undefined where there is none. */
  readonly beside: readonly (readonly [name: string, version: string | undefined])[];
}

/**
 * The ranges that a model was trained on: from its own metadata or, where it has none, from the file beside it.
 *
 * @param metadata the model's own
 * @throws UserInputError when the file can't be read, InvalidInputError when what is there isn't what it should be
 */
export async function readTrainedRanges(
  source: ModelSource,
  metadata: ReadonlyMap<string, string>,
  spec: ModelSpec = ASTROMAE,
): Promise<FoundRanges> {
  const trainedRangesSchema = trainedRangesOf(spec.features.length);
  const text = metadata.get(TRAINED_RANGES_KEY);
  if (text !== undefined) {
    const what = `${TRAINED_RANGES_KEY} in the metadata of ${source.label}`;
    return { ranges: parseJsonAs(trainedRangesSchema, text, what), file: undefined, beside: [] };
  }
  const name = trainedRangesFile(source.graph);
  const found = await source.find(name);
  if (found === undefined) return { ranges: undefined, file: undefined, beside: [[name, undefined]] };
  const content = Buffer.from(await found.read()).toString();
  const ranges = parseJsonAs(trainedRangesSchema, content, found.label);
  return { ranges, file: found, beside: [[name, found.version]] };
}
