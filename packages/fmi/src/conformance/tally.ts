import { performance } from 'node:perf_hooks';

/** Counts what a channel was made to do, for one line at the end of a whole run. */
export class Tally {
  readonly #name: string;
  readonly #begun = performance.now();
  readonly #worlds = new Set<number>();
  #operations = 0;
  #bytes = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Notes operations that the ranks of a world did together. */
  operations(worldSize: number, count: number): void {
    this.#worlds.add(worldSize);
    this.#operations += count;
  }

  /** Compares a result with what it must be: whole arrays at once, as 8 MiB element by element take minutes. */
  same(actual: Uint8Array | undefined, expected: Uint8Array): boolean {
    if (actual === undefined) return false;
    this.#bytes += expected.length;
    return Buffer.compare(actual, expected) === 0;
  }

  /** Past jest's console, which adds a stack to every line. */
  print(): void {
    const seconds = (performance.now() - this.#begun) / 1000;
    const worlds = [...this.#worlds].sort((a, b) => a - b).join(', ');
    const compared = this.#bytes === 0 ? '' : `, ${(this.#bytes / 2 ** 30).toFixed(2)} GiB of results compared`;
    process.stderr.write(
      `${this.#name}: ${this.#operations} operations${compared}, worlds of ${worlds}, ${seconds.toFixed(0)} s\n`,
    );
  }
}
