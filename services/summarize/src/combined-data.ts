import { createHash } from 'node:crypto';
import type { RankResult } from '@cosmicai/payload';
import { GrowingObject, type ObjectStore } from '@cosmicai/store';

/** Writes `combined_data.json` as its ranks come: the text of a JSON list of them, indented by 1. */
export class CombinedData implements AsyncDisposable {
  readonly #object: GrowingObject;
  readonly #hash = createHash('sha256');
  #size = 0;
  #isEmpty = true;

  constructor(store: ObjectStore, key: string) {
    this.#object = new GrowingObject(store, key);
  }

  async add(result: RankResult): Promise<void> {
    const text = JSON.stringify(result, null, 1).replaceAll('\n', '\n ');
    await this.#write(`${this.#isEmpty ? '[' : ','}\n ${text}`);
    this.#isEmpty = false;
  }

  async finish(): Promise<{ readonly size: number; readonly sha256: string }> {
    await this.#write(this.#isEmpty ? '[]\n' : '\n]\n');
    await this.#object.finish();
    return { size: this.#size, sha256: this.#hash.digest('hex') };
  }

  /** Leaves nothing unless it is finished. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#object[Symbol.asyncDispose]();
  }

  async #write(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    this.#size += bytes.length;
    this.#hash.update(bytes);
    await this.#object.write(bytes);
  }
}
