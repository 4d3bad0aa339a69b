import { MAX_WORLD_SIZE, type JsonObject, type RankReference, type RunLayout } from '@cosmicai/payload';
import { GrowingObject, type ObjectStore } from '@cosmicai/store';

/** What a task must tell for a reference to it. */
interface Task {
  readonly S3_BUCKET: string;
  readonly RUN_ID: string;
  readonly RANK: string;
}

/** The longest that references of a run differ by. */
const LONGEST = {
  RANK: String(MAX_WORLD_SIZE - 1),
  FROM: Number.MAX_SAFE_INTEGER,
  TO: Number.MAX_SAFE_INTEGER,
} satisfies Partial<RankReference>;

/** Parts of this size go to the store, so that a million tasks make no million writes. */
const PART_BYTES = 2 ** 18;

/**
 * Writes the tasks of a run as they come: `manifest.json`, which holds them, and `items.json`, which says where in it each lies.
 * Each reference takes as many bytes as the next, so that a task of an array finds its own without reading those of all others.
 * Neither file appears before `finish`, and neither is ever in memory as a whole.
 */
export class PlanWriter implements AsyncDisposable {
  readonly #layout: Pick<RunLayout, 'manifest' | 'items'>;
  readonly #manifest: JsonList;
  readonly #items: JsonList;
  #width: number | undefined;

  constructor(store: ObjectStore, layout: Pick<RunLayout, 'manifest' | 'items'>) {
    this.#layout = layout;
    this.#manifest = new JsonList(new GrowingObject(store, layout.manifest));
    this.#items = new JsonList(new GrowingObject(store, layout.items));
  }

  /** @returns bytes of the task in the manifest */
  async add(task: Task): Promise<number> {
    const { S3_BUCKET, RUN_ID, RANK } = task;
    const [FROM, TO] = await this.#manifest.add(task);
    const reference: RankReference = { S3_BUCKET, RUN_ID, RANK, MANIFEST: this.#layout.manifest, FROM, TO };
    this.#width ??= Buffer.byteLength(JSON.stringify({ ...reference, ...LONGEST }));
    await this.#items.add(reference, this.#width);
    return TO - FROM;
  }

  /** The manifest last: who finds it finds all of the plan. */
  async finish(): Promise<void> {
    await this.#items.finish();
    await this.#manifest.finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#items[Symbol.asyncDispose]();
    await this.#manifest[Symbol.asyncDispose]();
  }
}

/** Writes the tasks of a run anew. */
export async function rewritePlan(
  store: ObjectStore,
  layout: Pick<RunLayout, 'manifest' | 'items'>,
  tasks: readonly JsonObject[],
): Promise<void> {
  await using writer = new PlanWriter(store, layout);
  for (const task of tasks) await writer.add(task as JsonObject & Task);
  await writer.finish();
}

/** A JSON array, an item a line, of which it is known where each item lies. */
class JsonList implements AsyncDisposable {
  readonly #object: GrowingObject;
  #parts: Buffer[] = [];
  #unsent = 0;
  #bytes = 0;

  constructor(object: GrowingObject) {
    this.#object = object;
  }

  /**
   * @param width bytes that it takes at least, with blanks behind it
   * @returns where the item lies, [from, to) in bytes
   */
  async add(item: object, width = 0): Promise<[from: number, to: number]> {
    this.#push(this.#bytes === 0 ? '[' : ',\n');
    const from = this.#bytes;
    this.#push(JSON.stringify(item));
    this.#push(' '.repeat(Math.max(0, width - (this.#bytes - from))));
    if (this.#unsent > PART_BYTES) await this.#send();
    return [from, this.#bytes];
  }

  async finish(): Promise<void> {
    this.#push(this.#bytes === 0 ? '[]' : ']');
    await this.#send();
    await this.#object.finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#object[Symbol.asyncDispose]();
  }

  #push(text: string): void {
    const part = Buffer.from(text);
    this.#parts.push(part);
    this.#unsent += part.length;
    this.#bytes += part.length;
  }

  async #send(): Promise<void> {
    await this.#object.write(Buffer.concat(this.#parts));
    this.#parts = [];
    this.#unsent = 0;
  }
}
