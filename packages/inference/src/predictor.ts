import '@cosmicai/payload/no-telemetry';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { EnvironmentError, UserInputError } from '@cosmicai/payload';
import type { PredictResponse, SessionOptions } from './session-messages.ts';

/** Samples in one call of onnxruntime: the fastest size for one thread on the published configuration (docs/performance.md). */
export const MICRO_BATCH = 32;
/** Requests queued at a worker besides the one it works on, so that it never waits for the main thread. */
const QUEUED_PER_WORKER = 1;

export interface PredictorOptions {
  readonly modelPath: string;
  /** Worker threads, each with a session of its own; default one per core. */
  readonly workers?: number;
  /** onnxruntime threads in each worker, default 1. */
  readonly threads?: number;
}

/** Samples to predict: images count x bands x height x width and magnitudes count x bands, both row-major. */
export interface Samples {
  readonly count: number;
  readonly images: Float32Array;
  readonly magnitudes: Float64Array;
}

/** Predicts redshifts with one model on several threads. */
export interface Predictor {
  readonly workers: number;
  /**
   * Predicts the redshift of each sample. Samples go to the model `forwardPass` at a time, MICRO_BATCH at most.
   *
   * @throws UserInputError when the model refuses the input, EnvironmentError when a worker died
   */
  predict(samples: Samples, forwardPass?: number): Promise<Float32Array>;
  close(): Promise<void>;
}

interface Job {
  readonly start: number;
  readonly count: number;
  readonly samples: Samples;
  readonly done: (redshift: Float32Array) => void;
  readonly failed: (error: Error) => void;
}

interface SessionWorker {
  readonly thread: Worker;
  readonly jobs: Map<number, Job>;
}

/**
 * Starts the sessions; resolves when every one has loaded the model.
 *
 * @throws UserInputError when onnxruntime can't load the model
 */
export async function createPredictor(options: PredictorOptions): Promise<Predictor> {
  const count = options.workers ?? availableParallelism();
  const session: SessionOptions = { modelPath: options.modelPath, threads: options.threads ?? 1 };
  const started = await Promise.allSettled(Array.from({ length: count }, () => startWorker(session)));
  const workers = started.filter((start) => start.status === 'fulfilled').map((start) => start.value);
  const refusal = started.find((start) => start.status === 'rejected');
  if (refusal !== undefined) {
    await Promise.all(workers.map((worker) => worker.thread.terminate()));
    throw refusal.reason;
  }
  return new WorkerPredictor(workers);
}

/** The worker file beside this one: TypeScript in a checkout, a bundle of its own in a deployed function. */
const workerFile = new URL(
  import.meta.url.endsWith('.ts') ? './session-worker.ts' : './session-worker.mjs',
  import.meta.url,
);

function startWorker(session: SessionOptions): Promise<SessionWorker> {
  const thread = new Worker(workerFile, { workerData: session, execArgv: [] });
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) =>
      reject(
        new UserInputError(`onnxruntime can't load the model ${session.modelPath}: ${error.message}`, { cause: error }),
      );
    thread.once('error', refuse);
    thread.once('message', () => {
      thread.off('error', refuse);
      resolve({ thread, jobs: new Map() });
    });
  });
}

class WorkerPredictor implements Predictor {
  readonly #workers: readonly SessionWorker[];
  readonly #waiting: Job[] = [];
  #nextId = 0;
  #closed = false;

  constructor(workers: readonly SessionWorker[]) {
    this.#workers = workers;
    for (const worker of workers) {
      worker.thread.on('message', (response: PredictResponse) => this.#answered(worker, response));
      worker.thread.on('error', (error: Error) => this.#lost(worker, error));
      worker.thread.on('exit', (code) => this.#lost(worker, new Error(`exit code ${code}`)));
      // An idle predictor must not keep the process alive; predict() holds it while there is work.
      worker.thread.unref();
    }
  }

  get workers(): number {
    return this.#workers.length;
  }

  async predict(samples: Samples, forwardPass = MICRO_BATCH): Promise<Float32Array> {
    if (this.#closed) throw new EnvironmentError('The predictor is closed');
    const redshift = new Float32Array(samples.count);
    const size = Math.max(1, Math.min(forwardPass, MICRO_BATCH));
    const parts: Promise<void>[] = [];
    for (let start = 0; start < samples.count; start += size) {
      parts.push(
        new Promise((resolve, reject) => {
          const count = Math.min(size, samples.count - start);
          const done = (part: Float32Array) => {
            redshift.set(part, start);
            resolve();
          };
          this.#waiting.push({ start, count, samples, done, failed: reject });
        }),
      );
    }
    this.#dispatch();
    await Promise.all(parts);
    return redshift;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#workers.map((worker) => worker.thread.terminate()));
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
    const bands = samples.magnitudes.length / samples.count;
    const pixels = samples.images.length / samples.count;
    const side = Math.sqrt(pixels / bands);
    const images = samples.images.slice(start * pixels, (start + count) * pixels);
    const magnitudes = Float32Array.from(samples.magnitudes.subarray(start * bands, (start + count) * bands));
    const id = this.#nextId++;
    if (worker.jobs.size === 0) worker.thread.ref();
    worker.jobs.set(id, job);
    worker.thread.postMessage({ id, images, magnitudes, count, imageShape: [bands, side, side] }, [
      images.buffer,
      magnitudes.buffer,
    ]);
  }

  #answered(worker: SessionWorker, response: PredictResponse): void {
    if (response.type === 'ready') return;
    const job = worker.jobs.get(response.id);
    worker.jobs.delete(response.id);
    if (worker.jobs.size === 0) worker.thread.unref();
    this.#dispatch();
    if (job === undefined) return;
    if (response.type === 'prediction') job.done(response.redshift);
    else job.failed(new UserInputError(`The model can't predict these samples: ${response.message}`));
  }

  #lost(worker: SessionWorker, cause: Error): void {
    const error = new EnvironmentError(`An inference worker stopped: ${cause.message}`, { cause });
    for (const job of [...worker.jobs.values(), ...this.#waiting.splice(0)]) job.failed(error);
    worker.jobs.clear();
    this.#closed = true;
  }
}
