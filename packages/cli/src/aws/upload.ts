import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { naturalOrder, UserInputError } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';

export interface UploadOptions {
  readonly signal: AbortSignal;
  /** After each file: files done of all, and the last one's name. */
  readonly onFile?: (done: number, total: number, name: string) => void;
}

export interface Uploaded {
  /** Keys written now. */
  readonly sent: readonly string[];
  /** Keys that were there already in the same size. */
  readonly kept: readonly string[];
}

/** Files at once; each is sent in four parts at once. */
const UPLOADS_AT_ONCE = 4;

/**
 * Brings the partition files of a folder into the bucket; those that are there in the same size stay as they are.
 *
 * @param prefix key prefix, without a slash at its end
 * @throws UserInputError when the folder holds no partition file
 */
export async function uploadPartitions(
  folder: string,
  store: ObjectStore,
  prefix: string,
  options: UploadOptions,
): Promise<Uploaded> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new UserInputError(`The folder ${folder} can't be read: ${(cause as Error).message}`, { cause });
  });
  const partitions = naturalOrder(names.filter((name) => name.endsWith('.pt')));
  if (partitions.length === 0)
    throw new UserInputError(`There is no partition file (.pt) in ${folder}. Make some with: cosmicai simulate`);
  return await upload(
    partitions.map((name) => ({ path: join(folder, name), key: `${prefix}/${name}` })),
    store,
    options,
  );
}

/** Brings a model into the bucket, unless one of its name and size is there. Answers its key. */
export async function uploadModel(
  path: string,
  store: ObjectStore,
  prefix: string,
  options: UploadOptions,
): Promise<{ readonly key: string } & Uploaded> {
  const key = `${prefix}/${basename(path)}`;
  return { key, ...(await upload([{ path, key }], store, options)) };
}

async function upload(
  files: readonly { readonly path: string; readonly key: string }[],
  store: ObjectStore,
  { signal, onFile }: UploadOptions,
): Promise<Uploaded> {
  const sent: string[] = [];
  const kept: string[] = [];
  await pMap(
    files,
    async ({ path, key }) => {
      const { size } = await stat(path);
      if ((await store.head(key, { signal }))?.size === size) kept.push(key);
      else {
        await store.put(key, createReadStream(path), { signal });
        sent.push(key);
      }
      onFile?.(sent.length + kept.length, files.length, basename(path));
    },
    { concurrency: UPLOADS_AT_ONCE, signal },
  );
  return { sent: naturalOrder(sent), kept: naturalOrder(kept) };
}
