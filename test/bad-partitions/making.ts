import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DType, TensorData } from '../../packages/torchfile/src/index.ts';
import { dataOf, torchFile, type MadeTensor, type Wrapping } from '../torch-files.ts';

/** What must become of a folder: its galaxies are predicted, perhaps with a warning, or it is refused by name. */
export type Outcome =
  { readonly samples: number; readonly warns?: RegExp; readonly inferSays?: RegExp } | { readonly refused: RegExp };

export interface BadFolder {
  readonly kind: string;
  readonly outcome: Outcome;
  /** Fills the folder. */
  readonly make: (folder: string) => Promise<unknown>;
}

export const COUNT = 6;
export const PIXELS = 5 * 32 * 32;
export const IMAGES: MadeTensor = { dtype: 'float32', shape: [COUNT, 5, 32, 32] };
export const MAGNITUDES: MadeTensor = { dtype: 'float32', shape: [COUNT, 5] };
export const REDSHIFT: MadeTensor = { dtype: 'float32', shape: [COUNT] };
export const golden = (name: string) =>
  fileURLToPath(new URL(`../../packages/torchfile/test/golden/${name}`, import.meta.url));

export const wave = (length: number, level = 0) => Float32Array.from({ length }, (_, index) => level + Math.sin(index));
export const filled = (length: number, value: number) => new Float32Array(length).fill(value);

interface Made {
  readonly tensors?: readonly MadeTensor[];
  readonly data?: readonly TensorData[];
  readonly wrapping?: Wrapping;
}

/** A sound partition of six galaxies, but for what is given. */
export async function partition({ tensors = [], data = [], wrapping }: Made = {}): Promise<Buffer> {
  const all = [tensors[0] ?? IMAGES, tensors[1] ?? MAGNITUDES, tensors[2] ?? REDSHIFT, ...tensors.slice(3)];
  const sound = [wave(COUNT * PIXELS, 2), wave(COUNT * 5, 18), wave(COUNT, 1)];
  const storages = Object.fromEntries(all.map((_, index) => [String(index), data[index] ?? sound[index]!]));
  return torchFile(all, storages, wrapping);
}

export const put = (bytes: () => Promise<Buffer | string>) => async (folder: string) =>
  writeFile(join(folder, '1.pt'), await bytes());
export const made = (parts: Made) => put(() => partition(parts));
export const given = (bytes: Buffer | string) => put(async () => bytes);
export const tensor = (dtype: DType, ...shape: number[]): MadeTensor => ({ dtype, shape });
export const images = (data: TensorData) => made({ data: [data] });

/** A sound partition with its bytes changed. */
export const changed = (change: (bytes: Buffer) => Buffer | undefined) =>
  put(async () => {
    const bytes = await partition();
    return change(bytes) ?? bytes;
  });
export const flipped = (entry: string, at = 0) =>
  changed((bytes) => {
    const place = dataOf(bytes, entry) + at;
    bytes[place] = bytes[place]! ^ 4;
    return bytes;
  });

/** A sound partition and something beside it. */
export const beside = (more: (folder: string) => Promise<unknown>) => async (folder: string) => {
  await writeFile(join(folder, '1.pt'), await partition());
  await more(folder);
};

export const right: Outcome = { samples: COUNT };
export const warns = (pattern: RegExp): Outcome => ({ samples: COUNT, warns: pattern });
export const refused = (pattern: RegExp): Outcome => ({ refused: pattern });
export const kind = (name: string, outcome: Outcome, make: BadFolder['make']): BadFolder => ({
  kind: name,
  outcome,
  make,
});
