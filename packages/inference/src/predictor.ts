import '@cosmicai/payload/no-telemetry';
import type { EventEmitter } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { EnvironmentError, UserInputError, type ModelInputs, type ModelSpec } from '@cosmicai/payload';
import { contractOf, type ModelContract } from './contract/model-contract.ts';
import type { ModelPorts } from './contract/ports.ts';
import { coresGiven } from './cores-given.ts';
import { ModelFailure } from './errors.ts';
import type { ModelBytes, ModelContent } from './model/read-model.ts';
import {
  memoryOf,
  type Device,
  type PredictRequest,
  type PredictResponse,
  type SessionOptions,
  type SessionStart,
} from './session-messages.ts';

/** Samples in one call of onnxruntime: the fastest size for one thread on the published configuration (docs/performance.md). */
export const MICRO_BATCH = 32;
/** Requests queued at a worker besides the one it works on, so that it never waits for the main thread. */
const QUEUED_PER_WORKER = 1;

export interface PredictorOptions {
  /** Worker threads, each with a session of its own; default one for each core that is given. */
  readonly workers?: number;
  /** onnxruntime threads in each worker, default 1. */
  readonly threads?: number;
  /** What calculates, default the processor. */
  readonly device?: Device;
  /** How the model calls its inputs and its output, default: image, magnitudes, redshift. */
  readonly names?: ModelInputs;
}

/** Samples to predict: images count x bands x height x width and magnitudes count x bands, both row-major. */
export interface Samples {
  readonly count: number;
  readonly images: Float32Array;
  readonly magnitudes: Float64Array;
}

/** Predicts with one model on several threads. */
export interface Predictor {
  readonly workers: number;
  /** What the model takes and answers. */
  readonly contract: ModelContract;
  /**
   * What the model answers for each sample, count x width of its contract's answer. Samples go to the model `forwardPass` at a time, MICRO_BATCH at most; to a model that
   * was frozen at a number of galaxies, as many as that.
   *
   * @param onPart called with the number of samples of each such part as soon as it is predicted, in any order
   * @param signal when it fires, parts that no worker has yet are dropped
   * @throws ModelFailure when the model refuses the input or answers anything but what its contract says, EnvironmentError when a worker died,
   *   the signal's reason
   */
  predict(
    samples: Samples,
    forwardPass?: number,
    onPart?: (count: number) => void,
    signal?: AbortSignal,
  ): Promise<Float32Array>;
  /** Whether it predicts no more: it was closed, or a worker died. */
  readonly closed: boolean;
  /** Drops what hasn't begun, lets end what has, and ends its threads, which gives the memory of their sessions back. */
  close(): Promise<void>;
}

/** Of a `Worker`, what a predictor needs: it tells 'message', 'error' and 'exit'. */
export interface SessionThread extends EventEmitter {
  postMessage(request: PredictRequest, transfer: ArrayBuffer[]): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

interface Job {
  readonly start: number;
  readonly count: number;
  readonly samples: Samples;
  readonly done: (answers: Float32Array) => void;
  readonly failed: (error: Error) => void;
}

interface SessionWorker {
  readonly thread: SessionThread;
  /** What the model has, as its session says. */
  readonly ports: ModelPorts;
  readonly jobs: Map<number, Job>;
  /** Resolves with the reason when the thread is no more. */
  readonly gone: Promise<Error>;
}

/**
 * Starts the sessions; resolves when every one has loaded the model. The bytes go to the sessions and are gone afterwards.
 *
 * @param openThread starts the thread of a session, by default one that runs onnxruntime
 * @throws UserInputError when onnxruntime can't load the model, or it isn't one of galaxies
 */
export async function createPredictor(
  { label, bytes, spec }: Pick<ModelContent, 'label' | 'bytes'> & Partial<Pick<ModelContent, 'spec'>>,
  options: PredictorOptions = {},
  openThread: (session: SessionOptions) => SessionThread = sessionThread,
): Promise<Predictor> {
  const { device = 'cpu', threads = 1, names = {} } = options;
  // Sessions on one graphics processor would only wait for each other.
  const { workers: count = device === 'cpu' ? coresGiven() : 1 } = options;
  const started = await Promise.allSettled(
    Array.from({ length: count }, async (_, index) => {
      const model = index === count - 1 ? bytes : copyOf(bytes);
      return await startWorker(openThread({ model, threads, device }), label);
    }),
  );
  const workers = started.filter((start) => start.status === 'fulfilled').map((start) => start.value);
  try {
    const refusal = started.find((start) => start.status === 'rejected');
    if (refusal !== undefined) throw refusal.reason;
    const [first] = workers;
    if (first === undefined) throw new EnvironmentError('A predictor needs a worker.');
    return new WorkerPredictor(workers, fittingContract(first.ports, names, spec, label), label);
  } catch (error) {
    await Promise.all(workers.map((worker) => worker.thread.terminate()));
    throw error;
  }
}

/** @throws UserInputError that names the model and says what doesn't fit */
function fittingContract(
  ports: ModelPorts,
  names: ModelInputs,
  spec: ModelSpec | undefined,
  label: string,
): ModelContract {
  try {
    return contractOf(ports, names, spec);
  } catch (error) {
    if (!(error instanceof UserInputError)) throw error;
    throw new UserInputError(unusable(label, error.message), { cause: error });
  }
}

function copyOf({ graph, external }: ModelBytes): ModelBytes {
  return { graph: graph.slice(), external: external.map(({ path, data }) => ({ path, data: data.slice() })) };
}

/** The worker file beside this one, of its kind: TypeScript, JavaScript when built, a bundle of its own in a deployed function. */
const workerFile = new URL(`./session-worker${extname(new URL(import.meta.url).pathname)}`, import.meta.url);

function sessionThread(session: SessionOptions): Worker {
  return new Worker(workerFile, { workerData: session, transferList: memoryOf(session.model), execArgv: [] });
}

function startWorker(thread: SessionThread, label: string): Promise<SessionWorker> {
  const gone = new Promise<Error>((resolve) => {
    thread.on('error', resolve);
    thread.on('exit', (code: number) => resolve(new Error(`exit code ${code}`)));
  });
  return new Promise((resolve, reject) => {
    let refusal: UserInputError | undefined;
    thread.once('message', (start: SessionStart) => {
      if (start.type === 'ready') {
        resolve({ thread, ports: start.ports, jobs: new Map(), gone });
        return;
      }
      refusal = new UserInputError(start.type === 'refused' ? unusable(label, start.message) : noCuda(start.message));
      void thread.terminate();
    });
    // After a refusal too: gone, with its memory, before somebody tries the next model.
    void gone.then((cause) =>
      reject(refusal ?? new EnvironmentError(`An inference worker can't start: ${cause.message}`, { cause })),
    );
  });
}

function noCuda(why: string): string {
  return `onnxruntime finds no CUDA that it can use here: ${why.replace(/\.$/, '')}. It needs an NVIDIA card with CUDA 12, cuDNN 9 and its own CUDA libraries (npm rebuild onnxruntime-node fetches them); --device cpu needs none of them.`;
}

/** The sentence about a model that can't be used. */
export function unusable(label: string, why: string): string {
  return `The model ${label} can't be used: ${why}${/[.)]$/.test(why) ? '' : '.'}`;
}

/** Resolves when a worker has done what it was given, or is gone. */
function idle({ thread, jobs, gone }: SessionWorker): Promise<unknown> {
  const done = new Promise<void>((resolve) => {
    const check = () => {
      if (jobs.size === 0) resolve();
    };
    thread.on('message', check);
    check();
  });
  return Promise.race([done, gone]);
}

class WorkerPredictor implements Predictor {
  readonly #workers: readonly SessionWorker[];
  readonly #label: string;
  readonly contract: ModelContract;
  #waiting: Job[] = [];
  #nextId = 0;
  #closed = false;

  constructor(workers: readonly SessionWorker[], contract: ModelContract, label: string) {
    this.#workers = workers;
    this.contract = contract;
    this.#label = label;
    for (const worker of workers) {
      worker.thread.on('message', (response: PredictResponse) => this.#answered(worker, response));
      void worker.gone.then((cause) => this.#lost(worker, cause));
      // An idle predictor must not keep the process alive; predict() holds it while there is work.
      worker.thread.unref();
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  get workers(): number {
    return this.#workers.length;
  }

  async predict(
    samples: Samples,
    forwardPass = MICRO_BATCH,
    onPart?: (count: number) => void,
    signal?: AbortSignal,
  ): Promise<Float32Array> {
    if (this.#closed) throw new EnvironmentError('The predictor is closed.');
    signal?.throwIfAborted();
    const { width } = this.contract.answer;
    const answers = new Float32Array(samples.count * width);
    const size = this.contract.batch ?? Math.max(1, Math.min(forwardPass, MICRO_BATCH));
    const jobs = new Set<Job>();
    const parts: Promise<void>[] = [];
    for (let start = 0; start < samples.count; start += size) {
      const count = Math.min(size, samples.count - start);
      parts.push(
        new Promise((resolve, reject) => {
          const done = (part: Float32Array) => {
            answers.set(part, start * width);
            onPart?.(count);
            resolve();
          };
          const job = { start, count, samples, done, failed: reject };
          jobs.add(job);
          this.#waiting.push(job);
        }),
      );
    }
    // Before anything is sent, so that no part can fail without somebody to tell.
    const whole = Promise.all(parts);
    // One failure refuses all parts, those that no worker has yet among them.
    const stop = () => [...jobs].forEach((job) => job.failed(signal?.reason as Error));
    signal?.addEventListener('abort', stop);
    this.#dispatch();
    try {
      await whole;
    } catch (error) {
      this.#drop(jobs);
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
    return answers;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#waiting.splice(0)) job.failed(new EnvironmentError('The predictor is closed.'));
    await Promise.all(
      this.#workers.map(async (worker) => {
        // A thread that is stopped within a forward pass takes the process with it: onnxruntime-node throws where nobody can catch.
        await idle(worker);
        await worker.thread.terminate();
      }),
    );
  }

  /** What one part was refused for, the others would be too. */
  #drop(jobs: ReadonlySet<Job>): void {
    this.#waiting = this.#waiting.filter((job) => !jobs.has(job));
    // Where none of them could be handed over no answer will come, which others would wait for.
    this.#dispatch();
  }

  #dispatch(): void {
    for (let queued = 0; queued <= QUEUED_PER_WORKER; queued++) {
      for (const worker of this.#workers) {
        if (worker.jobs.size > queued) continue;
        const job = this.#waiting.shift();
        if (job === undefined) return;
        this.#send(worker, job);
      }
    }
  }

  #send(worker: SessionWorker, job: Job): void {
    const { samples, start, count } = job;
    const features = samples.magnitudes.length / samples.count;
    const pixels = samples.images.length / samples.count;
    const id = this.#nextId++;
    try {
      const images = samples.images.slice(start * pixels, (start + count) * pixels);
      const magnitudes = samples.magnitudes.slice(start * features, (start + count) * features);
      const request: PredictRequest = {
        id,
        contract: this.contract,
        images,
        magnitudes,
        count,
      };
      worker.thread.postMessage(request, [images.buffer, magnitudes.buffer]);
    } catch (cause) {
      job.failed(new EnvironmentError(`A batch can't be handed to a worker: ${(cause as Error).message}`, { cause }));
      return;
    }
    worker.thread.ref();
    worker.jobs.set(id, job);
  }

  #answered(worker: SessionWorker, response: PredictResponse): void {
    const job = worker.jobs.get(response.id);
    worker.jobs.delete(response.id);
    if (worker.jobs.size === 0) worker.thread.unref();
    this.#dispatch();
    if (job === undefined) return;
    if (response.type === 'prediction') job.done(response.answers);
    else job.failed(new ModelFailure(unusable(this.#label, response.message), job));
  }

  #lost(worker: SessionWorker, cause: Error): void {
    const error = new EnvironmentError(`An inference worker stopped: ${cause.message}`, { cause });
    for (const job of [...worker.jobs.values(), ...this.#waiting.splice(0)]) job.failed(error);
    worker.jobs.clear();
    this.#closed = true;
  }
}
