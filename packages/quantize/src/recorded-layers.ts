import { readFile } from 'node:fs/promises';
import { describeOnnxFile } from '@cosmicai/inference';
import {
  hasEnding,
  InvalidInputError,
  parseJsonAs,
  QUANTIZATION_KEY,
  quantizationSchema,
  UserInputError,
  type QuantizedLayer,
} from '@cosmicai/payload';
import { codeOf } from '@cosmicai/store';

/**
 * The layers that `model quantize` chose before, from the model that it wrote, or from what it printed as JSON.
 *
 * @throws UserInputError when the file says nothing of them
 */
export async function readLayers(path: string): Promise<readonly QuantizedLayer[]> {
  const text = hasEnding(path, '.onnx') ? describeOnnxFile(path).metadata.get(QUANTIZATION_KEY) : await textOf(path);
  const layers = text === undefined ? undefined : layersIn(text, path);
  if (layers !== undefined) return layers;
  throw new UserInputError(`${path} records no choice of layers: ${TAKEN}.`);
}

const TAKEN =
  'give "measured", "all", a model (.onnx) that model quantize wrote with measured layers, or what it printed with --json';

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const why = codeOf(cause) === 'ENOENT' ? 'there is no such file' : (cause as Error).message;
    throw new UserInputError(`The choice of layers can't be read from ${path}: ${why}; ${TAKEN}.`, { cause });
  }
}

/** What is something else altogether isn't told in its own words. */
function layersIn(text: string, path: string): readonly QuantizedLayer[] | undefined {
  try {
    return parseJsonAs(quantizationSchema, text, path).layers;
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}
