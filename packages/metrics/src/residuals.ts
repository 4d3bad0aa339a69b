import { parseAs } from '@cosmicai/payload';
import { z } from 'zod';
import { nmadOfSorted } from './nmad.ts';
import { ResidualSketch, residualSketchSchema, type Estimate, type SketchCounts } from './residual-sketch.ts';

/** Values kept as they are up to this number (80 MB); beyond it only the sketch is kept. */
export const DEFAULT_EXACT_UP_TO = 10_000_000;
const FIRST_CAPACITY = 1024;
const BYTES = Float64Array.BYTES_PER_ELEMENT;

const littleEndianDoubles = z
  .base64()
  .refine((text) => Buffer.byteLength(text, 'base64') % BYTES === 0, { error: 'base64 of little-endian doubles' });

export const residualsSchema = z.object({
  exact_up_to: z.number().int().nonnegative(),
  residuals: z.union([
    z.object({ kind: z.literal('values'), float64_base64: littleEndianDoubles }),
    z.object({ kind: z.literal('sketch'), bins: residualSketchSchema }),
  ]),
});
export type ResidualsJson = z.output<typeof residualsSchema>;

/** Residuals as files hold them: always as a sketch, and as they are where whoever wrote the file kept them and they were read. */
export interface KeptResiduals {
  readonly sketch: SketchCounts;
  readonly values?: Float64Array | undefined;
}

/** The residuals dz of a set of predictions: the values themselves while they are few enough, a sketch of them beyond that. */
export class Residuals {
  readonly #exactUpTo: number;
  /** Those that came one by one, in the front of an array that grows. */
  #values: Float64Array;
  #filled = 0;
  /** Those that came together, as they came: nothing need be copied until all are wanted. */
  #parts: Float64Array[] = [];
  #count = 0;
  #sketch: ResidualSketch | undefined;

  constructor(exactUpTo: number = DEFAULT_EXACT_UP_TO) {
    this.#exactUpTo = exactUpTo;
    this.#values = new Float64Array(Math.min(FIRST_CAPACITY, exactUpTo));
    if (exactUpTo === 0) this.#sketch = new ResidualSketch();
  }

  add(residual: number): void {
    if (this.#sketch === undefined && this.#count === this.#exactUpTo) this.#collapse();
    if (this.#sketch !== undefined) {
      this.#sketch.add(residual);
      return;
    }
    this.#reserve(this.#filled + 1);
    this.#values[this.#filled++] = residual;
    this.#count++;
  }

  merge(...others: readonly Residuals[]): void {
    const count = others.reduce((sum, other) => sum + other.#count, this.#count);
    const areExact = others.every((other) => other.#sketch === undefined) && count <= this.#exactUpTo;
    if (this.#sketch === undefined && !areExact) this.#collapse();
    const sketch = this.#sketch;
    if (sketch === undefined) {
      this.#join(others.map((other) => other.#all()));
      return;
    }
    for (const other of others) {
      if (other.#sketch !== undefined) sketch.merge(other.#sketch);
      else sketch.addAll(other.#all());
    }
  }

  /** Takes in those of a file, whose values are nobody else's from then on. */
  absorb({ sketch, values }: KeptResiduals): void {
    const isExact = values !== undefined && this.#count + values.length <= this.#exactUpTo;
    if (this.#sketch === undefined && isExact) {
      this.#parts.push(values);
      this.#count += values.length;
      return;
    }
    if (this.#sketch === undefined) this.#collapse();
    this.#sketch?.addCounts(sketch);
  }

  /** For a file; the values ascend, and are a view until more is added. */
  kept(): KeptResiduals {
    if (this.#sketch !== undefined) return { sketch: this.#sketch.counts() };
    const values = this.#all().sort();
    const sketch = new ResidualSketch();
    sketch.addAll(values);
    return { sketch: sketch.counts(), values };
  }

  /** Whether the values themselves are there. */
  get areExact(): boolean {
    return this.#sketch === undefined;
  }

  /** NMAD; its error is 0 while the values are kept. Sorts them, whose order means nothing, rather than a copy. */
  nmad(): Estimate {
    return this.#sketch?.nmad() ?? { value: nmadOfSorted(this.#all().sort()), error: 0 };
  }

  toJSON(): ResidualsJson {
    return {
      exact_up_to: this.#exactUpTo,
      residuals:
        this.#sketch === undefined
          ? { kind: 'values', float64_base64: encode(this.#all()) }
          : { kind: 'sketch', bins: this.#sketch.toJSON() },
    };
  }

  /** @throws InvalidInputError */
  static fromJSON(json: unknown): Residuals {
    const parsed = parseAs(residualsSchema, json, 'residuals');
    const residuals = new Residuals(parsed.exact_up_to);
    if (parsed.residuals.kind === 'sketch') residuals.#sketch = ResidualSketch.fromJSON(parsed.residuals.bins);
    else for (const value of decode(parsed.residuals.float64_base64)) residuals.add(value);
    return residuals;
  }

  /** All values in one array. */
  #all(): Float64Array {
    if (this.#parts.length > 0) this.#join([]);
    return this.#values.subarray(0, this.#filled);
  }

  /** Copies all values, and more, into one array of their size. */
  #join(more: readonly Float64Array[]): void {
    const parts = [this.#values.subarray(0, this.#filled), ...this.#parts, ...more];
    const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    this.#values = all;
    this.#filled = this.#count = all.length;
    this.#parts = [];
  }

  #reserve(length: number): void {
    if (length <= this.#values.length) return;
    const grown = new Float64Array(Math.min(this.#exactUpTo, Math.max(length, 2 * this.#values.length)));
    grown.set(this.#values.subarray(0, this.#filled));
    this.#values = grown;
  }

  #collapse(): void {
    const sketch = new ResidualSketch();
    for (const part of [this.#values.subarray(0, this.#filled), ...this.#parts]) sketch.addAll(part);
    this.#sketch = sketch;
    this.#values = new Float64Array(0);
    this.#parts = [];
    this.#filled = 0;
    this.#count = 0;
  }
}

function encode(values: Float64Array): string {
  const bytes = Buffer.alloc(values.length * BYTES);
  values.forEach((value, at) => bytes.writeDoubleLE(value, at * BYTES));
  return bytes.toString('base64');
}

function* decode(text: string): Generator<number> {
  const bytes = Buffer.from(text, 'base64');
  for (let at = 0; at < bytes.length; at += BYTES) yield bytes.readDoubleLE(at);
}
