/**
 * What punching has come to from this machine. Behind a NAT through which no hole can be punched every pair would wait in vain, so
 * after the first failure the others give it a quarter of the time, until one succeeds.
 */
export class PunchRecord {
  readonly #ms: number;
  #onlyFailures = false;

  constructor(ms: number) {
    this.#ms = ms;
  }

  get ms(): number {
    return this.#onlyFailures ? this.#ms / 4 : this.#ms;
  }

  note(succeeded: boolean): void {
    this.#onlyFailures = !succeeded;
  }
}
