import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UserInputError } from '@cosmicai/payload';

/** A model's files as a whole. */
export interface ModelBytes {
  /** Of the file itself where it is the only one; else of it and of the names, sizes and bytes of its data files, sorted by name. */
  readonly sha256: string;
  readonly size: number;
}

/**
 * The path of a file that a graph names for its weights, relative to the model.
 *
 * @throws UserInputError for a name that leads out of the model's folder
 */
export function checkedLocation(location: string, label: string): string {
  const parts = location.split('/');
  const isInside =
    location !== '' && !/[\\:\0]/.test(location) && parts.every((part) => !['', '.', '..'].includes(part));
  if (isInside) return location;
  throw new UserInputError(
    `The model ${label} can't be used: its weights are in a file named ${JSON.stringify(location)}, which isn't below the model's folder; such a file is not read.`,
  );
}

/** @throws UserInputError when a file isn't there or can't be read */
export async function readModelBytes(
  path: string,
  externalFiles: readonly string[],
  label = path,
): Promise<ModelBytes> {
  const hash = createHash('sha256');
  let { size } = await stat(path);
  await pipeline(createReadStream(path), hash, { end: false });
  for (const location of externalFiles) {
    const file = join(dirname(path), checkedLocation(location, label));
    const found = await stat(file).catch((error: unknown) => {
      throw new UserInputError(
        `The weights of the model ${label} are in ${location}, which should lie beside it and can't be read (${(error as NodeJS.ErrnoException).code}). Copy both files together.`,
        { cause: error },
      );
    });
    size += found.size;
    hash.update(`\n${location}\n${found.size}\n`);
    await pipeline(createReadStream(file), hash, { end: false });
  }
  return { sha256: hash.digest('hex'), size };
}
