import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UserInputError } from '@cosmicai/payload';
import { localPath, makeFolder, parseAddress, readableAddress, type ObjectStore } from '@cosmicai/store';
import { describeOnnxFile } from './onnx/describe-file.ts';
import { modelFileNames } from './onnx/model-files.ts';

/** A model as a file of this machine. */
export interface FetchedModel {
  readonly path: string;
  /** Where it came from, for people. */
  readonly label: string;
}

interface Known extends FetchedModel {
  readonly beside: readonly FileBeside[];
}

/** A file that belongs to a graph in a store, as it was when it was fetched. */
interface FileBeside {
  readonly key: string;
  /** Relative to the graph on this machine. */
  readonly name: string;
  /** Undefined: it isn't there, which only trained ranges may be. */
  readonly etag: string | undefined;
}

/** What a graph is called on this machine, wherever it comes from. */
const GRAPH = 'model.onnx';

/**
 * Fetches models of stores, each once. A model is named by its etag and those of the files beside it, so a new upload under the
 * same keys is noticed.
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
    const version = nameOf([store.url, key, info.etag]);
    const known = this.#known.get(version);
    if (known !== undefined && (await isUnchanged(store, known))) return known;
    const fetched = await this.#fetchVersion(store, key, label, version);
    this.#known.set(version, fetched);
    return fetched;
  }

  /** Fetches graph and files beside it into a folder of the name of all their versions. */
  async #fetchVersion(store: ObjectStore, key: string, label: string, version: string): Promise<Known> {
    // Where it will lie depends on the files that it names.
    const graph = join(this.#folder, `${version}.${randomUUID()}`);
    try {
      await download(store, key, graph);
      const beside = await filesBeside(store, key, describeOnnxFile(graph, label).externalFiles, label);
      const folder = join(this.#folder, nameOf([version, ...beside.flatMap(({ name, etag = '' }) => [name, etag])]));
      for (const file of beside) if (file.etag !== undefined) await fetchInto(store, file.key, join(folder, file.name));
      const path = join(folder, GRAPH);
      await makeFolder(folder);
      await rename(graph, path);
      return { path, label, beside };
    } finally {
      await rm(graph, { force: true });
    }
  }
}

function nameOf(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex');
}

async function isUnchanged(store: ObjectStore, { beside }: Known): Promise<boolean> {
  for (const { key, etag } of beside) if ((await store.head(key))?.etag !== etag) return false;
  return true;
}

/** @throws UserInputError when weights aren't there, or names don't fit */
async function filesBeside(
  store: ObjectStore,
  key: string,
  locations: readonly string[],
  label: string,
): Promise<FileBeside[]> {
  const cut = key.lastIndexOf('/') + 1;
  const there = modelFileNames(key.slice(cut), locations, label);
  const here = modelFileNames(GRAPH, locations, label);
  const found = async (nameThere: string, name: string): Promise<FileBeside> => {
    const keyBeside = `${key.slice(0, cut)}${nameThere}`;
    return { key: keyBeside, name, etag: (await store.head(keyBeside))?.etag };
  };
  const weights = await Promise.all(there.weights.map((name) => found(name, name)));
  const missing = weights.find(({ etag }) => etag === undefined);
  if (missing !== undefined) {
    throw new UserInputError(
      `The weights of the model ${label} are in ${missing.name}, but there is no ${missing.key} in ${readableAddress(store.url)}. Copy both files there.`,
    );
  }
  return [...weights, await found(there.trained, here.trained)];
}

/** Others may fetch the same file into the same place. */
async function fetchInto(store: ObjectStore, key: string, path: string): Promise<void> {
  const partial = `${path}.${randomUUID()}`;
  try {
    await download(store, key, partial);
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
}

async function download(store: ObjectStore, key: string, path: string): Promise<void> {
  await makeFolder(dirname(path));
  await pipeline(await store.stream(key), createWriteStream(path));
}
