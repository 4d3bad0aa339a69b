import type { RankResult, WrittenFile } from '@cosmicai/payload';
import { HashedObject, type ObjectStore } from '@cosmicai/store';

/** Writes `combined_data.json` as its ranks come: the text of a JSON list of them, indented by 1. */
export class CombinedData implements AsyncDisposable {
  readonly #object: HashedObject;
  #isEmpty = true;

  constructor(store: ObjectStore, key: string) {
    this.#object = new HashedObject(store, key);
  }

  async add(result: RankResult): Promise<void> {
    const text = JSON.stringify(result, null, 1).replaceAll('\n', '\n ');
    await this.#write(`${this.#isEmpty ? '[' : ','}\n ${text}`);
    this.#isEmpty = false;
  }

  async finish(): Promise<WrittenFile> {
    await this.#write(this.#isEmpty ? '[]\n' : '\n]\n');
    return await this.#object.finish();
  }

  /** Leaves nothing unless it is finished. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#object[Symbol.asyncDispose]();
  }

  async #write(text: string): Promise<void> {
    await this.#object.write(Buffer.from(text));
  }
}
