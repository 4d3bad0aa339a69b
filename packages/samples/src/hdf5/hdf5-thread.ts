import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { EnvironmentError, UnusableFileError } from '@cosmicai/payload';
import type { ByteSource } from '@cosmicai/store';
import type { ColumnValues, ReadOptions } from '../source.ts';
import { SHARED_BYTES, STATE, STATE_BYTES, type Hdf5Dataset, type Hdf5Message, type Hdf5Request } from './messages.ts';

interface Waiting {
  readonly file: ByteSource;
  readonly options: Pick<ReadOptions, 'signal'>;
  readonly resolve: (answer: Hdf5Message) => void;
  readonly reject: (error: unknown) => void;
  /** Why the file's bytes could not be had: more than what the library makes of it. */
  cause?: unknown;
}

/** The worker file beside this one, of its kind. Functions on AWS don't have it. */
const workerFile = new URL(`./hdf5-worker${extname(new URL(import.meta.url).pathname)}`, import.meta.url);

/**
 * The thread in which HDF5 files are read: the library waits for each of its reads, and a file's bytes come from anywhere. One
 * serves all files, as its memory never shrinks; it keeps no process alive.
 */
class Hdf5Thread {
  readonly #shared = new SharedArrayBuffer(STATE_BYTES + SHARED_BYTES);
  readonly #waiting = new Map<number, Waiting>();
  readonly #worker: Worker;
  readonly #onGone: () => void;
  #lastId = 0;

  constructor(onGone: () => void) {
    this.#onGone = onGone;
    this.#worker = new Worker(workerFile, { workerData: this.#shared, execArgv: [] });
    this.#worker.unref();
    this.#worker.on('message', (message: Hdf5Message) => this.#said(message));
    const gone = (cause: unknown) => {
      onGone();
      for (const { reject } of this.#waiting.values()) reject(cause);
      this.#waiting.clear();
    };
    this.#worker.on('error', (cause: Error) =>
      gone(
        new EnvironmentError(
          `HDF5 files can't be read here: ${cause.message.split('\n')[0]}. Convert them where CosmicAI is installed: cosmicai convert FILE -o FOLDER`,
          { cause },
        ),
      ),
    );
    this.#worker.on('exit', (code) =>
      gone(new EnvironmentError(`The thread that reads HDF5 files ended with code ${code}.`)),
    );
  }

  async ask(
    file: ByteSource,
    request: (id: number) => Hdf5Request,
    options: Pick<ReadOptions, 'signal'>,
  ): Promise<Hdf5Message> {
    options.signal?.throwIfAborted();
    const id = ++this.#lastId;
    this.#worker.ref();
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.set(id, { file, options, resolve, reject });
        this.#worker.postMessage(request(id));
      });
    } finally {
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#worker.unref();
    }
  }

  #said(message: Hdf5Message): void {
    const waiting = this.#waiting.get(message.id);
    if (message.type === 'bytes') void this.#fetch(message, waiting);
    else if (message.type === 'failed') {
      // What is asked next is asked of another thread.
      if (message.isBroken) this.#onGone();
      waiting?.reject(
        waiting.cause ??
          new UnusableFileError(waiting.file.name, undefined, `this HDF5 file can’t be read: ${message.reason}`),
      );
    } else waiting?.resolve(message);
  }

  async #fetch(
    { start, end }: { readonly start: number; readonly end: number },
    waiting: Waiting | undefined,
  ): Promise<void> {
    const state = new Int32Array(this.#shared, 0, 1);
    try {
      if (waiting === undefined) throw new Error('nobody waits for these bytes');
      const bytes = await waiting.file.read(start, end, waiting.options);
      if (bytes.byteLength !== end - start)
        throw new UnusableFileError(waiting.file.name, start, 'the file changed while it was read');
      new Uint8Array(this.#shared, STATE_BYTES, bytes.byteLength).set(bytes);
      Atomics.store(state, 0, STATE.there);
    } catch (error) {
      if (waiting !== undefined) waiting.cause = error;
      Atomics.store(state, 0, STATE.failed);
    }
    Atomics.notify(state, 0);
  }
}

let thread: Hdf5Thread | undefined;

function threadUntilGone(): Hdf5Thread {
  const begun = new Hdf5Thread(() => {
    // By then another one may serve.
    if (thread === begun) thread = undefined;
  });
  return begun;
}

let lastFile = 0;

/** A file that the thread knows. */
export interface Hdf5File {
  readonly datasets: readonly Hdf5Dataset[];
  /** Rows [from, to) of datasets by their paths. @throws UnusableFileError when they are damaged */
  rows(
    paths: readonly string[],
    from: number,
    to: number,
    options: Pick<ReadOptions, 'signal'>,
  ): Promise<ReadonlyMap<string, ColumnValues>>;
}

/** @throws UnusableFileError when it is no HDF5 file, truncated or damaged */
export async function openHdf5(source: ByteSource, options: Pick<ReadOptions, 'signal'> = {}): Promise<Hdf5File> {
  const file = ++lastFile;
  const { size } = source;
  const ask = (request: (id: number) => Hdf5Request, reading: Pick<ReadOptions, 'signal'>) => {
    const asked = (thread ??= threadUntilGone());
    return asked.ask(source, request, reading);
  };
  const opened = await ask((id) => ({ type: 'open', id, file, size }), options);
  const known = opened.type === 'opened' ? opened.datasets : [];
  return {
    datasets: known,
    async rows(paths, from, to, reading) {
      const datasets = known.filter(({ path }) => paths.includes(path));
      const read = await ask((id) => ({ type: 'read', id, file, size, from, to, datasets }), reading);
      return read.type === 'values' ? read.values : new Map<string, ColumnValues>();
    },
  };
}
