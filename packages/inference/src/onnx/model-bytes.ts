import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { ModelFile } from './model-files.ts';

/** A model's files as a whole. */
export interface ModelBytes {
  /** Of the file itself where it is the only one; else of it and of the names, sizes and bytes of its data files, sorted by name. */
  readonly sha256: string;
  readonly size: number;
}

/** @param weights as weightsAt answers them */
export async function readModelBytes(path: string, weights: readonly ModelFile[]): Promise<ModelBytes> {
  const hash = createHash('sha256');
  let { size } = await stat(path);
  await pipeline(createReadStream(path), hash, { end: false });
  for (const file of weights) {
    size += file.size;
    hash.update(`\n${file.name}\n${file.size}\n`);
    await pipeline(createReadStream(file.path), hash, { end: false });
  }
  return { sha256: hash.digest('hex'), size };
}
