/** Models that take or answer something else than AstroMAE, each with partitions for it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { stringify } from 'yaml';
import { withMetadata } from '../packages/inference/src/index.ts';
import { MODEL_SPEC_KEY } from '../packages/payload/src/index.ts';
import { fileStore } from '../packages/store/src/index.ts';
import { partitionStream } from '../packages/torchfile/src/index.ts';
import { image, magnitudes, node, numbers, port, testModel } from './onnx-models.ts';

export interface ModelKind {
  /** The model is `<name>.onnx`, its partitions lie in `<name>/`. */
  readonly name: string;
  readonly bands: readonly string[];
  /** Pixels. */
  readonly side: number;
  /** What it answers: its one number of a galaxy times each of these. */
  readonly weights: readonly number[];
  /** As a spec has it. Default: a redshift. */
  readonly output?: object;
  /** Default: in the model's metadata. */
  readonly specIn?: 'metadata' | 'YAML';
}

export const SMALL: ModelKind = { name: 'small', bands: ['g', 'r', 'i'], side: 64, weights: [1] };
export const DENSITY: ModelKind = {
  ...{ name: 'density', bands: ['r'], side: 32, weights: [1, 3] },
  output: { kind: 'density', grid: [0, 0.2, 0.4] },
  specIn: 'YAML',
};
export const CLASSES: ModelKind = {
  ...{ name: 'classes', bands: ['r'], side: 32, weights: [1, 3] },
  output: { kind: 'classes', labels: ['spiral', 'elliptical'] },
};
export const SIGMA: ModelKind = {
  ...{ name: 'sigma', bands: ['r'], side: 32, weights: [1, 0.25] },
  output: { kind: 'value+sigma', sigma_is: 'sigma' },
};
export const VECTOR: ModelKind = {
  ...{ name: 'vector', bands: ['r'], side: 32, weights: [1, -2, 0.3] },
  output: { kind: 'vector', length: 3 },
};

/** Galaxies in each of two partitions. */
export const COUNT = 6;

/**
 * Writes a model and two partitions for it.
 *
 * @param pixel brightness of each pixel of all images, counted through
 */
export async function writeModelKind(
  folder: string,
  { name, bands, side, weights, output, specIn = 'metadata' }: ModelKind,
  pixel: (at: number) => number = (at) => at % 5,
): Promise<void> {
  const answer = output === undefined ? 'redshift' : 'answer';
  const spec = JSON.stringify({
    inputs: { image: { bands, side }, features: bands },
    ...(output !== undefined && { outputs: [{ name: 'answer', ...output }] }),
  });
  const graph = testModel({
    image: image('n', bands.length, side, side),
    magnitudes: magnitudes('n', bands.length),
    outputs: [port(answer, 'float', 'n', weights.length)],
    answer: [node('Mul', ['z', 'weights'], answer)],
    constants: { weights: numbers(...weights) },
  });
  const inMetadata = specIn === 'metadata';
  await writeFile(join(folder, `${name}.onnx`), inMetadata ? withMetadata(graph, MODEL_SPEC_KEY, spec) : graph);
  if (!inMetadata) await writeFile(join(folder, `${name}.spec.yaml`), stringify(JSON.parse(spec)));
  await writeKindPartitions(folder, { name, bands, side }, pixel);
}

/** Two partitions of galaxies in so many bands and pixels. */
export async function writeKindPartitions(
  folder: string,
  { name, bands, side }: Pick<ModelKind, 'name' | 'bands' | 'side'>,
  pixel: (at: number) => number,
): Promise<void> {
  const batch = {
    ...{ from: 0, count: COUNT },
    images: Float32Array.from({ length: COUNT * bands.length * side * side }, (_, at) => pixel(at)),
    magnitudes: new Float64Array(COUNT * bands.length).fill(20),
    redshift: new Float64Array(COUNT).fill(0.2),
  };
  const shape = { count: COUNT, imageShape: [bands.length, side, side], features: bands.length } as const;
  const file = await buffer(partitionStream(shape, [batch]));
  for (const partition of ['1.pt', '2.pt']) await fileStore(folder).put(`${name}/${partition}`, file);
}
