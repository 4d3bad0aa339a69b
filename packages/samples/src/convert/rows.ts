import type { SampleBatch, SampleColumn } from '../source.ts';

/** Some rows of some columns. */
export type RowsPart = Pick<SampleBatch, 'count' | 'values'>;

/** Rows that come in batches, taken in other numbers. */
export class Rows {
  readonly #batches: AsyncIterator<SampleBatch, void, undefined>;
  readonly #sizes: ReadonlyMap<string, number>;
  #batch: SampleBatch | undefined;
  #used = 0;

  constructor(batches: AsyncIterator<SampleBatch, void, undefined>, columns: readonly SampleColumn[]) {
    this.#batches = batches;
    this.#sizes = new Map(
      columns.map(({ name, shape }) => [name, shape.reduce((product, length) => product * length, 1)]),
    );
  }

  /** The next rows, in parts as they were read. @throws RangeError when there are fewer */
  async *next(count: number): AsyncGenerator<RowsPart> {
    for (let left = count; left > 0;) {
      const batch = await this.#here();
      const rows = Math.min(left, batch.count - this.#used);
      const [from, to] = [this.#used, this.#used + rows];
      this.#used = to;
      left -= rows;
      const isAll = rows === batch.count;
      const part = ([name, values]: readonly [string, NonNullable<ReturnType<typeof batch.values.get>>]) => {
        const size = this.#sizes.get(name) ?? 1;
        return [name, isAll ? values : values.slice(from * size, to * size)] as const;
      };
      yield { count: rows, values: new Map(Array.from(batch.values, part)) };
    }
  }

  /** Ends what is being read. */
  async close(): Promise<void> {
    await this.#batches.return?.();
  }

  async #here(): Promise<SampleBatch> {
    while (this.#batch === undefined || this.#used === this.#batch.count) {
      const { value, done } = await this.#batches.next();
      if (done === true) throw new RangeError('there are fewer rows than were announced');
      this.#batch = value;
      this.#used = 0;
    }
    return this.#batch;
  }
}
