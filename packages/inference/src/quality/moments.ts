/** Means and covariances of vectors that come one by one; parts merge exactly (Chan, Golub and LeVeque 1983). */
export class Moments {
  readonly #size: number;
  readonly #mean: Float64Array;
  /** Sums of products of deviations from the mean, [size, size]. */
  readonly #products: Float64Array;
  #count = 0;

  constructor(size: number) {
    this.#size = size;
    this.#mean = new Float64Array(size);
    this.#products = new Float64Array(size * size);
  }

  get count(): number {
    return this.#count;
  }

  add(vector: ArrayLike<number>): void {
    this.#join(1, vector, undefined);
  }

  merge(other: Moments): void {
    if (other.#count > 0) this.#join(other.#count, other.#mean, other.#products);
  }

  mean(k: number): number {
    return this.#mean[k] ?? NaN;
  }

  covariance(k: number, l: number): number {
    return (this.#products[k * this.#size + l] ?? NaN) / this.#count;
  }

  /** Mean of the product of two entries. */
  product(k: number, l: number): number {
    return this.covariance(k, l) + this.mean(k) * this.mean(l);
  }

  #join(count: number, mean: ArrayLike<number>, products: Float64Array | undefined): void {
    const total = this.#count + count;
    const weight = (this.#count * count) / total;
    const deviation = this.#mean.map((before, k) => (mean[k] ?? NaN) - before);
    for (let k = 0; k < this.#size; k++) {
      for (let l = 0; l < this.#size; l++) {
        const place = k * this.#size + l;
        this.#products[place] =
          (this.#products[place] ?? 0) +
          (products?.[place] ?? 0) +
          weight * (deviation[k] ?? NaN) * (deviation[l] ?? NaN);
      }
    }
    for (let k = 0; k < this.#size; k++) this.#mean[k] = (this.#mean[k] ?? 0) + ((deviation[k] ?? NaN) * count) / total;
    this.#count = total;
  }
}
