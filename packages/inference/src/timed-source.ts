import type { ByteSource } from '@cosmicai/store';

/** A byte source that keeps the time of each of its reads; reads may overlap. */
export class TimedSource implements ByteSource {
  readonly #source: ByteSource;
  readonly #now: () => number;
  readonly #seconds: number[] = [];

  /** @param now monotonic clock in milliseconds */
  constructor(source: ByteSource, now: () => number) {
    this.#source = source;
    this.#now = now;
  }

  get name(): string {
    return this.#source.name;
  }

  get size(): number {
    return this.#source.size;
  }

  get seconds(): readonly number[] {
    return this.#seconds;
  }

  async read(...range: Parameters<ByteSource['read']>): Promise<Uint8Array> {
    const started = this.#now();
    const bytes = await this.#source.read(...range);
    this.#seconds.push((this.#now() - started) / 1000);
    return bytes;
  }
}
