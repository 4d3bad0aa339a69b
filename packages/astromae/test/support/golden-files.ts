import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  bufferSource,
  openPartition,
  openTorchFile,
  readStateDict,
  toFloat32,
  type ByteSource,
} from '@cosmicai/torchfile';
import type { Inputs } from './run-onnx.ts';

export const GOLDEN_FOLDER = join(import.meta.dirname, '..', 'golden');

/** What training/golden/astromae_golden.py writes for each configuration. */
export interface GoldenRecord {
  readonly name: string;
  readonly form: string;
  readonly config: PythonConfig;
  readonly parameters: number;
  readonly partition: string;
  readonly predictions: readonly number[];
  readonly predictions_float64: readonly number[];
}

/** AstroMaeConfig of training/astromae_model.py. */
export interface PythonConfig {
  readonly image_size: number;
  readonly patch_size: number;
  readonly embedding: number;
  readonly depth: number;
  readonly heads: number;
  readonly norm_eps: number;
  readonly pcm: boolean;
  readonly pcm_kernel: number;
  readonly pcm_groups: number;
  readonly qv_bias: boolean;
}

export function readGolden(folder: string, name: string): GoldenRecord {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as GoldenRecord;
}

export function fileSource(...path: readonly string[]): ByteSource {
  const file = join(...path);
  if (!existsSync(file)) throw new Error(`The golden file ${file} is missing; see training/golden/astromae_golden.py`);
  return bufferSource(file, readFileSync(file));
}

/** The samples a golden belongs to. Partitions hold cutouts of 32 pixels; other sizes lie in a plain dict. */
export async function readInputs(folder: string, golden: GoldenRecord): Promise<Inputs> {
  const source = fileSource(folder, golden.partition);
  if (golden.config.image_size === 32) {
    const partition = await openPartition(source);
    const { count, images, magnitudes } = await partition.read(0, partition.count);
    return { count, images, magnitudes: Float32Array.from(magnitudes) };
  }
  const file = await openTorchFile(source);
  const { tensors } = readStateDict(file);
  const read = async (name: string) => toFloat32(await file.tensor(tensors.get(name)!));
  return { count: golden.predictions.length, images: await read('images'), magnitudes: await read('magnitudes') };
}
