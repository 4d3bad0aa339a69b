import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { naturalOrder, partitionNames, partitionsIn, UserInputError } from '@cosmicai/payload';
import { compareFile, listAll, readableAddress, sendFile, type ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';

export interface UploadOptions {
  readonly signal: AbortSignal;
  /** After each file: files done of all, and the last one's name. */
  readonly onFile?: (done: number, total: number, name: string) => void;
}

export interface UploadedPartitions {
  /** Keys written now. */
  readonly sent: readonly string[];
  /** Keys that had this content already. */
  readonly kept: readonly string[];
  /** What a run over the prefix would read beside the folder's files, as sentences. */
  readonly warnings: readonly string[];
}

/** Files at once; each is sent in four parts at once. */
const UPLOADS_AT_ONCE = 4;
const NAMES_SHOWN = 5;

/**
 * Brings the partition files of a folder into the bucket; those that are there with the same content stay as they are. To
 * compare them, every file is read.
 *
 * @param prefix key prefix, without a slash at its end
 * @throws UserInputError when the folder holds no partition file, or one can't be read
 */
export async function uploadPartitions(
  folder: string,
  store: ObjectStore,
  prefix: string,
  { signal, onFile }: UploadOptions,
): Promise<UploadedPartitions> {
  const names = await partitionsOf(folder);
  const sent: string[] = [];
  const kept: string[] = [];
  await pMap(
    names,
    async (name) => {
      const file = await compareFile(join(folder, name), store, `${prefix}/${name}`, { signal });
      if (!file.isThere) await sendFile(file, store, { signal });
      (file.isThere ? kept : sent).push(file.key);
      onFile?.(sent.length + kept.length, names.length, name);
    },
    { concurrency: UPLOADS_AT_ONCE, signal },
  );
  const warnings = await strangers(new Set([...sent, ...kept]), folder, store, prefix);
  return { sent: naturalOrder(sent), kept: naturalOrder(kept), warnings };
}

/** Bytes of a folder's partition files by name. @throws UserInputError when there are none */
export async function partitionFileSizes(folder: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const name of partitionNames(await partitionsOf(folder))) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    // Whoever sends it says what is wrong with it.
    if (found?.isFile() === true) sizes.set(name, found.size);
  }
  return sizes;
}

async function partitionsOf(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new UserInputError(`The folder ${folder} can't be read: ${(cause as Error).message}`, { cause });
  });
  const partitions = naturalOrder(partitionNames(names));
  if (partitions.length === 0)
    throw new UserInputError(`There is no partition file (.pt) in ${folder}. Make some with: cosmicai simulate`);
  // Cutouts have their table beside them.
  const tables = partitions.every((name) => /\.(fits|fit)$/i.test(name))
    ? names.filter((name) => /^[^.].*\.(csv|tsv)$/i.test(name))
    : [];
  return [...partitions, ...naturalOrder(tables)];
}

/** Partitions below the prefix that another folder left there. */
async function strangers(
  ours: ReadonlySet<string>,
  folder: string,
  store: ObjectStore,
  prefix: string,
): Promise<string[]> {
  const { objects } = await listAll(store, `${prefix}/`);
  const others = partitionsIn(objects, prefix).partitions.filter(({ key }) => !ours.has(key));
  if (others.length === 0) return [];
  const names = naturalOrder(others.map(({ key }) => basename(key)));
  const shown = [...names.slice(0, NAMES_SHOWN), ...(names.length > NAMES_SHOWN ? ['…'] : [])].join(', ');
  return [
    `${readableAddress(store.url, prefix)} holds ${others.length} partition ${others.length === 1 ? 'file' : 'files'} that ${folder} doesn't (${shown}), and the run reads them too. Delete them, or give the folder another name.`,
  ];
}
