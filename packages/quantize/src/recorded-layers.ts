import { readFile } from 'node:fs/promises';
import { describeOnnxFile } from '@cosmicai/inference';
import {
  parseJsonAs,
  QUANTIZATION_KEY,
  quantizationSchema,
  UserInputError,
  type QuantizedLayer,
} from '@cosmicai/payload';

/**
 * The layers that `model quantize` chose before, from the model that it wrote, or from what it printed as JSON.
 *
 * @throws UserInputError when the file says nothing of them
 */
export async function readLayers(path: string): Promise<readonly QuantizedLayer[]> {
  const isModel = path.endsWith('.onnx');
  const text = isModel
    ? describeOnnxFile(path).metadata.get(QUANTIZATION_KEY)
    : await readFile(path, 'utf8').catch((cause: unknown) => {
        throw new UserInputError(`The choice of layers can't be read from ${path}: ${(cause as Error).message}.`, {
          cause,
        });
      });
  const layers = text === undefined ? undefined : parseJsonAs(quantizationSchema, text, path).layers;
  if (layers !== undefined) return layers;
  throw new UserInputError(
    `${path} records no choice of layers: give a model that model quantize wrote with measured layers, or what it printed with --json.`,
  );
}
