import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { addAbortSignal, Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { ChangedError, NoSuchBucketError, NotFoundError } from '../errors.ts';
import { countRequests } from '../requests.ts';
import { checkDeletePrefix, checkKey, checkRange } from '../key.ts';
import type {
  Body,
  HeadOptions,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  ReadOptions,
  StreamOptions,
  VersionOptions,
  WriteOptions,
  WrittenObject,
} from '../object-store.ts';
import { deleteFile, deleteFiles, removeEmptied } from './delete-files.ts';
import { fileError } from './file-errors.ts';
import { keyPaths } from './key-paths.ts';
import { listFiles } from './list-files.ts';
import { listFolders } from './list-folders.ts';
import { identityOf, infoOf, openFile, readBytes, statFile } from './read-files.ts';
import { makeFolder } from './make-folder.ts';
import { sha256OfStream } from '../sha256.ts';
import { linkInto, moveInto, removeAbandoned, replaceVersion, writeThenPlace } from './write-files.ts';

export interface FileStoreOptions {
  /**
   * True (default): a folder that doesn't exist counts as an empty store and is made by the first write. False: it is a
   * NoSuchBucketError, as a missing bucket is, so that a misspelt bucket name does no harm; so `openStore` has it.
   */
  readonly create?: boolean;
}

/** What S3 answers to one request for a listing, and to one for deletions. */
const KEYS_PER_REQUEST = 1000;

/** Large enough that a stream from disk costs few calls. */
const STREAM_CHUNK_BYTES = 1 << 20;

/** A folder of files as an object store. Writes are atomic but not flushed to disk: they outlive the process, not a power cut. */
export function fileStore(folder: string, options: FileStoreOptions = {}): ObjectStore {
  return new FileStore(resolve(folder), options.create ?? true);
}

class FileStore implements ObjectStore {
  readonly url: string;
  readonly #root: string;
  readonly #create: boolean;
  #tidied = false;

  constructor(root: string, create: boolean) {
    this.url = pathToFileURL(root).href;
    this.#root = root;
    this.#create = create;
  }

  async get(key: string, options: VersionOptions = {}): Promise<Buffer> {
    return await this.getRange(key, 0, Infinity, options);
  }

  async getRange(key: string, start: number, end: number, options: VersionOptions = {}): Promise<Buffer> {
    checkRange(key, start, end);
    countRequests('gets');
    return await this.#named(`read "${key}"`, async () => {
      const { file, stats } = await this.#open(key, options);
      try {
        return await readBytes(file, start, Math.min(end, Number(stats.size)), options);
      } finally {
        await file.close();
      }
    });
  }

  async stream(key: string, options: StreamOptions = {}): Promise<Readable> {
    const { start = 0, end = Infinity, signal } = options;
    checkRange(key, start, end);
    countRequests('gets');
    return await this.#named(`read "${key}"`, async () => {
      const { file, stats } = await this.#open(key, options);
      const stop = Math.min(end, Number(stats.size));
      if (stop <= start) {
        await file.close();
        return Readable.from([]);
      }
      const stream = file.createReadStream({ start, end: stop - 1, highWaterMark: STREAM_CHUNK_BYTES });
      return signal === undefined ? stream : addAbortSignal(signal, stream);
    });
  }

  async put(key: string, body: Body, options: WriteOptions = {}): Promise<WrittenObject> {
    countRequests('puts');
    return await this.#write(key, body, options, async (unfinished, info) => {
      await moveInto(unfinished, keyPaths(this.#root, key));
      return { key, size: info.size, etag: info.etag };
    });
  }

  async putIfAbsent(key: string, body: Uint8Array | string, options: ReadOptions = {}): Promise<boolean> {
    countRequests('puts');
    if ((await this.#find(key, options)) !== undefined) return false;
    return await this.#write(key, body, options, (unfinished) => linkInto(unfinished, keyPaths(this.#root, key)));
  }

  async putIfMatch(key: string, body: Uint8Array | string, etag: string, options: ReadOptions = {}): Promise<boolean> {
    countRequests('puts');
    if ((await this.#find(key, options))?.etag !== etag) return false;
    return await this.#write(key, body, options, async (unfinished) => {
      const paths = keyPaths(this.#root, key);
      return await replaceVersion(this.#root, etag, async () => {
        const stats = await statFile(paths);
        if (stats === undefined || infoOf(key, stats).etag !== etag) return false;
        await moveInto(unfinished, paths);
        return true;
      });
    });
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    let listed = 0;
    try {
      await this.#checkRoot();
      countRequests('lists');
      for await (const { key, stats, linked } of listFiles(this.#root, prefix, options)) {
        if (listed > 0 && listed % KEYS_PER_REQUEST === 0) countRequests('lists');
        listed++;
        yield { ...infoOf(key, stats), ...identityOf(stats), ...(linked && { linked }) };
      }
    } catch (error) {
      throw fileError(this.url, `list "${prefix}"`, error);
    }
  }

  async folders(prefix: string, options: ReadOptions = {}): Promise<string[]> {
    return await this.#named(`list "${prefix}"`, async () => {
      await this.#checkRoot();
      const folders = await listFolders(this.#root, prefix, options);
      countRequests('lists', Math.max(1, Math.ceil(folders.length / KEYS_PER_REQUEST)));
      return folders;
    });
  }

  async head(key: string, options: HeadOptions = {}): Promise<ObjectInfo | undefined> {
    countRequests('heads');
    const info = await this.#find(key, options);
    if (info === undefined || options.sha256 !== true) return info;
    return await this.#named(`read "${key}"`, async () => {
      const { file, stats } = await this.#open(key, options);
      return { ...infoOf(key, stats), sha256: await sha256OfStream(file.createReadStream(), options.signal) };
    });
  }

  async #find(key: string, { signal }: ReadOptions): Promise<ObjectInfo | undefined> {
    checkKey(key);
    signal?.throwIfAborted();
    return await this.#named(`look up "${key}"`, async () => {
      const stats = await statFile(keyPaths(this.#root, key));
      if (stats === undefined) await this.#checkRoot();
      return stats && infoOf(key, stats);
    });
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    countRequests('deletes');
    await this.#named(`delete "${key}"`, async () => {
      await this.#checkRoot();
      const { path, beside } = keyPaths(this.#root, key);
      await deleteFile(path);
      await deleteFile(beside);
      await removeEmptied(this.#root, dirname(beside));
      await removeEmptied(this.#root, dirname(path));
    });
  }

  async deletePrefix(prefix: string): Promise<number> {
    checkDeletePrefix(prefix);
    return await this.#named(`delete "${prefix}…"`, async () => {
      await this.#checkRoot();
      return await deleteFiles(this.#root, prefix, (deleted) => {
        if (deleted % KEYS_PER_REQUEST !== 0) return;
        countRequests('lists');
        countRequests('deletes');
      });
    });
  }

  async #open(key: string, { signal, ifMatch }: VersionOptions) {
    checkKey(key);
    signal?.throwIfAborted();
    const opened = await openFile(keyPaths(this.#root, key));
    if (opened === undefined) {
      await this.#checkRoot();
      throw new NotFoundError(this.url, key);
    }
    if (ifMatch === undefined || ifMatch === infoOf(key, opened.stats).etag) return opened;
    await opened.file.close();
    throw new ChangedError(this.url, key);
  }

  async #write<Result>(
    key: string,
    body: Body,
    options: WriteOptions,
    place: (unfinished: string, info: ObjectInfo) => Promise<Result>,
  ): Promise<Result> {
    checkKey(key);
    return await this.#named(`write "${key}"`, async () => {
      await this.#checkRoot();
      if (this.#create) await makeFolder(this.#root);
      if (!this.#tidied) {
        this.#tidied = true;
        await removeAbandoned(this.#root, Date.now());
      }
      return await writeThenPlace(this.#root, body, options, (unfinished, stats) =>
        place(unfinished, infoOf(key, stats)),
      );
    });
  }

  /** Whoever finds nothing must know whether the folder itself is missing. */
  async #checkRoot(): Promise<void> {
    if (this.#create) return;
    const root = await stat(this.#root).catch(() => undefined);
    if (!root?.isDirectory()) throw new NoSuchBucketError(this.url);
  }

  async #named<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw fileError(this.url, what, error);
    }
  }
}
