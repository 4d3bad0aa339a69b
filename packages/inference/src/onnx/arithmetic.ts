import { parseJsonAs, arithmeticSchema, QUANTIZATION_KEY, type Arithmetic } from '@cosmicai/payload';

/**
 * What the metadata of a model say of how it was quantised; undefined where they say nothing.
 *
 * @param label names the model in messages
 * @throws InvalidInputError when they say it in another way than `model quantize` does
 */
export function arithmeticIn(metadata: ReadonlyMap<string, string>, label: string): Arithmetic | undefined {
  const text = metadata.get(QUANTIZATION_KEY);
  return text === undefined
    ? undefined
    : parseJsonAs(arithmeticSchema, text, `${QUANTIZATION_KEY} in the metadata of ${label}`);
}
