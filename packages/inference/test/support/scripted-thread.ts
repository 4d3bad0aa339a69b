import { EventEmitter } from 'node:events';
import { contractOf } from '../../src/contract/model-contract.ts';
import type { SessionThread } from '../../src/predictor.ts';
import type { PredictRequest, PredictResponse, SessionOptions, SessionStart } from '../../src/session-messages.ts';

/** A model of galaxies of any size, frozen at a number of them or not. */
export const portsOf = (batch: number | 'n' = 'n') => ({
  inputs: [
    { name: 'image', type: 'float32', shape: [batch, 5, 32, 32] },
    { name: 'magnitudes', type: 'float32', shape: [batch, 5] },
  ],
  outputs: [{ name: 'redshift', type: 'float32', shape: [batch, 1] }],
});

export const CONTRACT = contractOf(portsOf());

/** A session's thread that does nothing of itself: the test says what comes of it, and when. */
export class ScriptedThread extends EventEmitter implements SessionThread {
  readonly session: SessionOptions;
  /** What it was asked and hasn't answered. */
  readonly requests: PredictRequest[] = [];
  /** Memory that was handed over with all that it was asked. */
  readonly taken: ArrayBuffer[] = [];
  /** Whether it keeps the process alive. */
  held = true;
  terminated = false;
  /** Takes no requests. */
  full = false;

  constructor(session: SessionOptions) {
    super();
    this.session = session;
  }

  postMessage(request: PredictRequest, transfer: ArrayBuffer[]): void {
    if (this.full) throw new Error('no memory');
    this.requests.push(structuredClone(request, { transfer }));
    this.taken.push(...transfer);
  }

  ref(): void {
    this.held = true;
  }

  unref(): void {
    this.held = false;
  }

  /** What ends it is `exits`. */
  terminate(): Promise<void> {
    this.terminated = true;
    return Promise.resolve();
  }

  exits(code: number): void {
    this.emit('exit', code);
  }

  starts(start: SessionStart = { type: 'ready', ports: portsOf() }): void {
    this.emit('message', start);
  }

  /** Answers what it was asked first: of each galaxy its first magnitude. */
  answers(): void {
    const { id, magnitudes, count } = this.#next();
    const answers = Float32Array.from({ length: count }, (_, at) => magnitudes[at * 5] ?? NaN);
    this.#says({ type: 'prediction', id, answers });
  }

  fails(message: string): void {
    this.#says({ type: 'failure', id: this.#next().id, message });
  }

  #next(): PredictRequest {
    const request = this.requests.shift();
    if (request === undefined) throw new Error('It was asked nothing.');
    return request;
  }

  #says(response: PredictResponse): void {
    this.emit('message', response);
  }
}

/** Lets everything happen that can. */
export const rest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What a promise has come to, where it must not be waited for. */
export async function now<T>(promise: Promise<T>): Promise<T> {
  return await Promise.race([
    promise,
    rest().then(() => {
      throw new Error('It has come to nothing yet.');
    }),
  ]);
}

/** Whether a promise is still open after all that can happen has happened. */
export async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => false,
    () => false,
  );
  return await Promise.race([settled, rest().then(() => true)]);
}
