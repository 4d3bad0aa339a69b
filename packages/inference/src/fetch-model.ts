import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { copyFile, rename } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { trainedRangesFile, UserInputError } from '@cosmicai/payload';
import { codeOf, localPath, makeFolder, parseAddress, readableAddress, type ObjectStore } from '@cosmicai/store';
import { describeOnnxFile } from './onnx/describe-file.ts';
import { checkedLocation } from './onnx/model-bytes.ts';

/** A model as a file of this machine. */
export interface FetchedModel {
  readonly path: string;
  /** Where it came from, for people. */
  readonly label: string;
}

interface Known extends FetchedModel {
  /** What its files beside the graph were when they were fetched: etags by key. */
  readonly beside: ReadonlyMap<string, string>;
}

/**
 * Fetches models of stores, each once. A model is named by its etag and those of its data files, so a new upload under the same
 * keys is noticed.
 */
export class ModelFetcher {
  readonly #folder: string;
  readonly #openStore: (address: string) => ObjectStore;
  readonly #known = new Map<string, Known>();

  constructor(folder: string, openStore: (address: string) => ObjectStore) {
    this.#folder = folder;
    this.#openStore = openStore;
  }

  /**
   * @param model a key of the bucket, or an address
   * @throws UserInputError when it isn't there, lacks data files, or is no ONNX model
   */
  async fetch(model: string, bucket: string): Promise<FetchedModel> {
    if (model.startsWith('file://')) {
      const path = localPath(model);
      return { path, label: path };
    }
    const { store: address, key } = model.includes('://') ? parseAddress(model) : { store: bucket, key: model };
    const store = this.#openStore(address);
    const label = readableAddress(store.url, key);
    const info = await store.head(key);
    if (info === undefined)
      throw new UserInputError(
        `There is no model ${key} in ${readableAddress(store.url)}. Check "model" in the payload.`,
      );
    const name = nameOf([store.url, key, info.etag]);
    const known = this.#known.get(name);
    if (known !== undefined && (await isUnchanged(store, known))) return known;
    const path = join(this.#folder, name, 'model.onnx');
    await download(store, key, path);
    if ((await store.head(trainedRangesFile(key))) !== undefined)
      await download(store, trainedRangesFile(key), trainedRangesFile(path));
    const locations = describeOnnxFile(path, label).externalFiles;
    const beside = await etagsOf(store, key, locations, label);
    const fetched = { label, beside, path: beside.size === 0 ? path : await this.#withData(store, key, path, beside) };
    this.#known.set(name, fetched);
    return fetched;
  }

  /** Fetches the data files into a folder of their own content's name, with the graph beside them. */
  async #withData(
    store: ObjectStore,
    key: string,
    graph: string,
    beside: ReadonlyMap<string, string>,
  ): Promise<string> {
    const folder = join(this.#folder, nameOf([graph, ...[...beside].flat()]));
    const path = join(folder, 'model.onnx');
    for (const dataKey of beside.keys())
      await download(store, dataKey, join(folder, posix.relative(posix.dirname(key), dataKey)));
    await copyFile(graph, path);
    await copyFile(trainedRangesFile(graph), trainedRangesFile(path)).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
    return path;
  }
}

function nameOf(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex');
}

async function isUnchanged(store: ObjectStore, { beside }: Known): Promise<boolean> {
  for (const [key, etag] of beside) if ((await store.head(key))?.etag !== etag) return false;
  return true;
}

async function etagsOf(
  store: ObjectStore,
  key: string,
  locations: readonly string[],
  label: string,
): Promise<Map<string, string>> {
  const etags = new Map<string, string>();
  for (const location of locations) {
    const dataKey = posix.join(posix.dirname(key), checkedLocation(location, label));
    const info = await store.head(dataKey);
    if (info === undefined) {
      throw new UserInputError(
        `The weights of the model ${label} are in ${location}, but there is no ${dataKey} in ${readableAddress(store.url)}. Copy both files there.`,
      );
    }
    etags.set(dataKey, info.etag);
  }
  return etags;
}

async function download(store: ObjectStore, key: string, path: string): Promise<void> {
  await makeFolder(dirname(path));
  const partial = `${path}.${process.pid}`;
  await pipeline(await store.stream(key), createWriteStream(partial));
  await rename(partial, path);
}
