import { parquetMetadataAsync, parquetReadObjects, type AsyncBuffer } from 'hyparquet';
import { answerColumns, outputsOf, type AnswerColumnKind, type WrittenFile } from '@cosmicai/payload';
import type { CarriedKind } from '@cosmicai/samples';
import { HashedObject, type ObjectStore, type ReadOptions, type WrittenObject } from '@cosmicai/store';
import type { AnswerColumn } from '../answer-columns.ts';
import type { PredictedSamples } from '../predict-partition.ts';
import { carriedKinds } from './carried-columns.ts';
import {
  commonIds,
  idsOf,
  PredictionsEncoder,
  type IdKind,
  type PredictionsEncoderOptions,
} from './predictions-encoder.ts';

interface Begun {
  readonly encoder: PredictionsEncoder;
  readonly object: HashedObject;
}

/**
 * A rank's file of predictions, written as they come, the same bytes as `encodePredictions` makes of all of them. Keeps a row
 * group and what `HashedObject` does.
 */
export class RankPredictions implements AsyncDisposable {
  readonly #store: ObjectStore;
  readonly #key: string;
  readonly #options: Omit<PredictionsEncoderOptions, 'ids'> & ReadOptions;
  #begun: Begun | undefined;
  #failure: unknown;

  /** @param options.carried what is kept of the partitions, in types that hold that of all; default: as the first one has it */
  constructor(store: ObjectStore, key: string, options: Omit<PredictionsEncoderOptions, 'ids'> & ReadOptions) {
    this.#store = store;
    this.#key = key;
    this.#options = options;
  }

  /** What `add` failed with, if it did: nothing that is wrong with the partition. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Samples in the order of the rank's partitions. @throws the store's errors */
  async add(partition: string, samples: PredictedSamples): Promise<void> {
    try {
      await this.#add(partition, samples);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  async #add(partition: string, samples: PredictedSamples): Promise<void> {
    const ids = idsOf(samples);
    this.#begun ??= this.#begin(ids, this.#options.carried ?? carriedKinds(samples));
    if (commonIds(this.#begun.encoder.ids, ids) !== this.#begun.encoder.ids) await this.#nameByText();
    await this.#write(partition, samples);
  }

  /** @throws the store's error */
  async finish(): Promise<WrittenFile> {
    this.#begun ??= this.#begin('none', this.#options.carried ?? []);
    const { encoder, object } = this.#begun;
    await object.write(encoder.finish());
    return await object.finish();
  }

  /** Leaves nothing unless it is finished. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#begun?.object[Symbol.asyncDispose]();
  }

  #begin(ids: IdKind, carried: readonly CarriedKind[]): Begun {
    const { signal } = this.#options;
    return {
      encoder: new PredictionsEncoder({ ...this.#options, ids, carried }),
      object: new HashedObject(this.#store, this.#key, signal === undefined ? {} : { signal }),
    };
  }

  async #write(partition: string, samples: PredictedSamples): Promise<void> {
    if (this.#begun === undefined) return;
    const { encoder, object } = this.#begun;
    for (const due of encoder.add(partition, samples)) await object.write(due);
  }

  /**
   * Writes what there is anew, once: a later file names its objects in another way than those before it, which is rare. What was
   * written until then is ended, so that it can be read back, and replaced at the end.
   */
  async #nameByText(): Promise<void> {
    const carried = this.#begun?.encoder.carried ?? [];
    const before = await this.finish();
    this.#begun = this.#begin('text', carried);
    for await (const row of this.#rowsIn(before)) await this.#write(row.partition, this.#sampleOf(row, carried));
  }

  async *#rowsIn({ size, etag }: WrittenObject): AsyncGenerator<StoredRow> {
    const file: AsyncBuffer = {
      byteLength: size,
      slice: async (start, end = size) =>
        new Uint8Array(await this.#store.getRange(this.#key, start, end, { ifMatch: etag })).buffer,
    };
    const metadata = await parquetMetadataAsync(file);
    let rowStart = 0;
    for (const { num_rows: count } of metadata.row_groups) {
      const rowEnd = rowStart + Number(count);
      yield* (await parquetReadObjects({ file, metadata, rowStart, rowEnd })) as unknown as StoredRow[];
      rowStart = rowEnd;
    }
  }

  #sampleOf(row: StoredRow, carried: readonly CarriedKind[]): PredictedSamples {
    return {
      from: row.index,
      count: 1,
      zSpec: typeof row.z_spec === 'number' ? Float64Array.of(row.z_spec) : null,
      zPred: typeof row.z_pred === 'number' ? Float32Array.of(row.z_pred) : null,
      beside: answerColumns(outputsOf(this.#options)).beside.map((column) => storedAnswer(row, column)),
      flags: Uint16Array.of(row.flags),
      magnitudes: Float64Array.from(this.#options.features, (name) => Number(row[name])),
      ...(row.id !== undefined && { id: [String(row.id)] }),
      carried: carried.map((kind) => ({
        ...kind,
        values: [(row[kind.name] ?? null) as string | number | bigint | boolean | null],
      })),
    };
  }
}

function storedAnswer(row: StoredRow, column: AnswerColumnKind): AnswerColumn {
  const value = row[column.name];
  if (column.type === 'text') return { name: column.name, type: column.type, values: [String(value)] };
  return { ...column, values: Float32Array.from([value].flat().map(Number)) } as AnswerColumn;
}

/** A row that this class wrote. */
interface StoredRow {
  readonly partition: string;
  readonly index: number;
  readonly z_spec: number | null;
  readonly z_pred?: number;
  readonly flags: number;
  readonly id?: string | bigint;
  readonly [feature: string]: unknown;
}
