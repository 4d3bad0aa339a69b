/* eslint-disable @typescript-eslint/no-non-null-assertion -- indices stay below BUFFERED, and below the last quantile */
import { normalQuantile } from './normal-quantile.ts';
import { type Purpose, type RandomKey, randomWords } from './threefry.ts';

const TWO_TO_MINUS_32 = 1 / 4294967296;
const BUFFERED = 32;

/** The random numbers of one galaxy for one purpose, one after the other. */
export class GalaxyRandom {
  readonly #words = new Uint32Array(BUFFERED);
  readonly #key: RandomKey;
  readonly #purpose: Purpose;
  #galaxy = 0;
  #next = 0;
  #block = 0;

  constructor(key: RandomKey, purpose: Purpose) {
    this.#key = key;
    this.#purpose = purpose;
  }

  /** Begins the sequence of a galaxy. */
  start(galaxy: number): this {
    this.#galaxy = galaxy;
    this.#block = 0;
    this.#next = BUFFERED;
    return this;
  }

  word(): number {
    if (this.#next === BUFFERED) {
      randomWords(this.#words, this.#key, this.#galaxy, this.#purpose, this.#block);
      this.#block += BUFFERED / 2;
      this.#next = 0;
    }
    return this.#words[this.#next++]!;
  }

  /** Uniform in (0, 1), never an end. */
  uniform(): number {
    return (this.word() + 0.5) * TWO_TO_MINUS_32;
  }

  /** Standard normal. */
  normal(): number {
    return normalQuantile(this.word());
  }

  /** Standard normal, drawn again while further out than `limit`. */
  truncatedNormal(limit: number): number {
    for (;;) {
      const value = this.normal();
      if (value >= -limit && value <= limit) return value;
    }
  }

  /** From the quantiles 0, 1/n … 1 of a distribution, linear between them. */
  fromQuantiles(quantiles: readonly number[]): number {
    return quantileAt(quantiles, this.uniform());
  }

  /** A direction, uniform on the circle, as (cosine, sine): a point in the disc, so that no trigonometry is needed. */
  direction(): [cosine: number, sine: number] {
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const square = x * x + y * y;
      if (square > 1 || square < 1e-12) continue;
      const length = Math.sqrt(square);
      return [x / length, y / length];
    }
  }
}

/** Quantile of a probability in [0, 1), linear between the quantiles given for 0, 1/n … 1. */
export function quantileAt(quantiles: readonly number[], probability: number): number {
  const place = Math.min(probability * (quantiles.length - 1), quantiles.length - 1 - 1e-9);
  const below = Math.floor(place);
  const low = quantiles[below]!;
  return low + (place - below) * (quantiles[below + 1]! - low);
}
