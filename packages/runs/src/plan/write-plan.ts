import {
  defined,
  MAX_WORLD_SIZE,
  parseJsonAs,
  runRecordSchema,
  TASK_HASH_DIGITS,
  type FileContent,
  type JsonObject,
  type RankReference,
  type RunLayout,
  type RunRecord,
} from '@cosmicai/payload';
import { getIfThere, HashedObject, sealedText, sha256Of, type ObjectStore } from '@cosmicai/store';

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
    this.#manifest = new JsonList(new HashedObject(store, layout.manifest));
    this.#items = new JsonList(new HashedObject(store, layout.items));
  }

  /** @returns bytes of the task in the manifest */
  async add(task: Task): Promise<number> {
    const { S3_BUCKET, RUN_ID, RANK } = task;
    const text = JSON.stringify(task);
    const [FROM, TO] = await this.#manifest.add(text);
    const TASK_HASH = sha256Of(text).slice(0, TASK_HASH_DIGITS);
    const reference: RankReference = { S3_BUCKET, RUN_ID, RANK, MANIFEST: this.#layout.manifest, FROM, TO, TASK_HASH };
    this.#width ??= Buffer.byteLength(JSON.stringify({ ...reference, ...LONGEST }));
    await this.#items.add(JSON.stringify(reference), this.#width);
    return TO - FROM;
  }

  /** After the last task. @returns what the files will be, of which none is there before `finish` */
  async end(): Promise<NonNullable<RunRecord['planned_files']>> {
    return { manifest: await this.#manifest.end(), items: await this.#items.end() };
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

/**
 * Writes the tasks of a run anew, and what is to be told of it otherwise than before. Whoever is stopped amid it leaves a record that
 * tells of no files, so that either plan is taken.
 */
export async function rewritePlan(
  store: ObjectStore,
  layout: Pick<RunLayout, 'run' | 'manifest' | 'items'>,
  tasks: readonly JsonObject[],
  changes: Partial<Pick<RunRecord, 'warnings'>> = {},
): Promise<void> {
  const text = await getIfThere(store, layout.run);
  const before = text && parseJsonAs(runRecordSchema, text.toString(), layout.run);
  await using writer = new PlanWriter(store, layout);
  for (const task of tasks) await writer.add(task as JsonObject & Task);
  const planned = await writer.end();
  const tell = async (planned_files: RunRecord['planned_files']) =>
    before && (await store.put(layout.run, recordText({ ...before, ...changes, planned_files })));
  await tell(undefined);
  await writer.finish();
  await tell(planned);
}

/** The text of `run.json`. */
export function recordText(record: Omit<RunRecord, 'seal' | 'format'>): string {
  return sealedText(defined(record));
}

/** A JSON array, an item a line, of which it is known where each item lies. */
class JsonList implements AsyncDisposable {
  readonly #object: HashedObject;
  #parts: Buffer[] = [];
  #unsent = 0;
  #bytes = 0;

  constructor(object: HashedObject) {
    this.#object = object;
  }

  /**
   * @param item as JSON
   * @param width bytes that it takes at least, with blanks behind it
   * @returns where the item lies, [from, to) in bytes
   */
  async add(item: string, width = 0): Promise<[from: number, to: number]> {
    this.#push(this.#bytes === 0 ? '[' : ',\n');
    const from = this.#bytes;
    this.#push(item);
    this.#push(' '.repeat(Math.max(0, width - (this.#bytes - from))));
    if (this.#unsent > PART_BYTES) await this.#send();
    return [from, this.#bytes];
  }

  async end(): Promise<FileContent> {
    this.#push(this.#bytes === 0 ? '[]' : ']');
    await this.#send();
    return { size: this.#bytes, sha256: this.#object.sha256() };
  }

  async finish(): Promise<void> {
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
