import { ByteWriter, ParquetWriter, schemaFromColumnData, type ColumnSource } from 'hyparquet-writer';
import type { SchemaElement } from 'hyparquet';
import { answerColumns, FORMAT, outputsOf, PARQUET_FORMAT_KEY, type ModelOutput } from '@cosmicai/payload';
import type { CarriedKind } from '@cosmicai/samples';
import type { PredictedSamples } from '../predict-partition.ts';
import { AnswerRows, listSchema } from './answer-rows.ts';
import { CarriedRows } from './carried-columns.ts';

/**
 * Rows of the first row group, and of each that follows: a reader that wants a few gets few, and what is encoded at once is small.
 * Files of other sizes are other files of the same predictions.
 */
const FIRST_GROUP = 1000;
const GROUP = 10_000;
/** Numbers of the answers in a row group at most, where they are lists: a density of 1,000 bins has 1,000 rows in it. */
const GROUP_NUMBERS = 1_000_000;

/** How objects are named in a file: not at all, all by whole numbers, or by text. */
export type IdKind = 'none' | 'numbers' | 'text';

export interface PredictionsEncoderOptions {
  readonly rank: number;
  /** Names of the features. */
  readonly features: readonly string[];
  readonly ids: IdKind;
  /** Columns of the partitions that are kept. */
  readonly carried?: readonly CarriedKind[];
  /** What the model answers; default: a redshift. */
  readonly outputs?: readonly ModelOutput[] | undefined;
}

/**
 * Encodes predictions as they come: rank, partition, index (in its partition), z_spec (null where nobody knows it), z_pred, the
 * features (mag_u … mag_z), flags, where the objects have names, id, what is kept of the partitions, and what else the model
 * answers; z_pred is not there where it answers something else than a redshift. The key-value metadata tells the format. What is
 * handed out, one after the other, is a Parquet file; of its rows no more than a row group is kept.
 */
export class PredictionsEncoder {
  readonly #options: PredictionsEncoderOptions;
  readonly #bytes = new ByteWriter();
  readonly #parquet: ParquetWriter;
  readonly #group: RowGroup;
  #size: number;

  constructor(options: PredictionsEncoderOptions) {
    this.#options = options;
    this.#group = new RowGroup(options);
    this.#size = Math.min(FIRST_GROUP, this.#group.most);
    this.#parquet = new ParquetWriter({
      writer: this.#bytes,
      schema: this.#group.schema(),
      kvMetadata: [{ key: PARQUET_FORMAT_KEY, value: String(FORMAT) }],
    });
  }

  get ids(): IdKind {
    return this.#options.ids;
  }

  get carried(): readonly CarriedKind[] {
    return this.#options.carried ?? [];
  }

  /** The bytes that are due with these samples, a row group at a time. */
  *add(partition: string, samples: PredictedSamples): Generator<Uint8Array> {
    for (let from = 0; from < samples.count;) {
      const end = Math.min(samples.count, from + this.#size - this.#group.rows);
      this.#group.add(partition, samples, [from, end]);
      from = end;
      if (this.#group.rows < this.#size) continue;
      yield this.#encodeGroup();
      this.#size = this.#group.most;
    }
  }

  /** The rest of the file. */
  finish(): Uint8Array {
    const rows = this.#group.rows > 0 ? this.#encodeGroup() : new Uint8Array(0);
    void this.#parquet.finish();
    return new Uint8Array(Buffer.concat([rows, this.#taken()]));
  }

  #encodeGroup(): Uint8Array {
    void this.#parquet.write({ columnData: this.#group.columns(), rowGroupSize: this.#group.rows });
    this.#group.clear();
    return this.#taken();
  }

  #taken(): Uint8Array {
    const taken = this.#bytes.getBytes().slice();
    this.#bytes.index = 0;
    return taken;
  }
}

/** How all objects of a file can be named where some are named so and others so. */
export function commonIds(one: IdKind, other: IdKind): IdKind {
  return one === other ? one : 'text';
}

export function idsOf({ id }: Pick<PredictedSamples, 'id'>): IdKind {
  return id === undefined ? 'none' : id instanceof BigInt64Array ? 'numbers' : 'text';
}

/** The name of an object that has none of its own. */
export function placeName(partition: string, index: number): string {
  return `${partition}#${index}`;
}

/** Columns that carry their types, for a schema. */
const TYPED = true;

class RowGroup {
  readonly #options: PredictionsEncoderOptions;
  readonly #partitions: string[] = [];
  /** Rows that it takes at most. */
  readonly most: number;
  readonly #zSpec: Float64Array;
  /** Whether z_spec is known; most files know it of all galaxies or of none. */
  readonly #known: Uint8Array;
  readonly #index: Int32Array;
  /** Absent where the model answers something else. */
  readonly #zPred: Float32Array | undefined;
  readonly #flags: Int32Array;
  readonly #features: readonly Float64Array[];
  readonly #beside: AnswerRows;
  readonly #ids: (string | bigint)[] = [];
  readonly #carried: CarriedRows;
  #rows = 0;

  constructor(options: PredictionsEncoderOptions) {
    this.#options = options;
    this.#carried = new CarriedRows(options.carried ?? []);
    const { redshift, beside } = answerColumns(outputsOf(options));
    const widest = Math.max(1, ...beside.map((column) => (column.type === 'numbers' ? column.length : 1)));
    this.most = Math.max(1, Math.min(GROUP, Math.floor(GROUP_NUMBERS / widest)));
    this.#zSpec = new Float64Array(this.most);
    this.#known = new Uint8Array(this.most);
    this.#index = new Int32Array(this.most);
    this.#zPred = redshift ? new Float32Array(this.most) : undefined;
    this.#flags = new Int32Array(this.most);
    this.#features = options.features.map(() => new Float64Array(this.most));
    this.#beside = new AnswerRows(beside, this.most);
  }

  get rows(): number {
    return this.#rows;
  }

  /** Takes the samples from the first to before the last. */
  add(partition: string, samples: PredictedSamples, [first, end]: readonly [number, number]): void {
    const { from, zSpec, zPred, flags, magnitudes, id, beside = [] } = samples;
    const row = this.#rows;
    const taken = end - first;
    this.#carried.add(partition, samples, [first, end]);
    if (zPred !== null) this.#zPred?.set(zPred.subarray(first, end), row);
    this.#beside.add(beside, row, [first, end]);
    this.#flags.set(flags.subarray(first, end), row);
    this.#known.fill(zSpec === null ? 0 : 1, row, row + taken);
    if (zSpec !== null) this.#zSpec.set(zSpec.subarray(first, end), row);
    const width = this.#features.length;
    for (let at = 0; at < taken; at++) {
      const sample = first + at;
      this.#partitions.push(partition);
      this.#index[row + at] = from + sample;
      for (let feature = 0; feature < width; feature++) {
        const column = this.#features[feature];
        if (column !== undefined) column[row + at] = magnitudes[sample * width + feature] ?? NaN;
      }
      if (this.#options.ids === 'text') this.#ids.push(String(id?.[sample] ?? placeName(partition, from + sample)));
      else if (this.#options.ids === 'numbers') this.#ids.push(BigInt(id?.[sample] ?? 0));
    }
    this.#rows += taken;
  }

  /** Makes room for the next group, in the same memory. */
  clear(): void {
    this.#rows = 0;
    this.#partitions.length = 0;
    this.#ids.length = 0;
    this.#carried.clear();
    this.#beside.clear();
  }

  /** Of the file; lists are the last of its columns. */
  schema(): SchemaElement[] {
    const { lists } = this.#beside;
    const plain = this.columns(TYPED).filter(({ name }) => !lists.includes(name));
    const [root, ...elements] = schemaFromColumnData({ columnData: plain });
    const columns = plain.length + lists.length;
    return [{ ...root, name: root?.name ?? 'root', num_children: columns }, ...elements, ...lists.flatMap(listSchema)];
  }

  /** @param typed with the types of a schema; beside one the writer takes none */
  columns(typed = false): ColumnSource[] {
    const { rank, features, ids } = this.#options;
    const rows = this.#rows;
    const column = (name: string, type: ColumnSource['type'], data: ColumnSource['data']): ColumnSource => ({
      name,
      data,
      ...(typed && type !== undefined && { type }),
    });
    return [
      column('rank', 'INT32', new Int32Array(rows).fill(rank)),
      column('partition', 'STRING', this.#partitions),
      column('index', 'INT32', this.#index.subarray(0, rows)),
      column('z_spec', 'DOUBLE', this.#truth()),
      ...(this.#zPred === undefined ? [] : [column('z_pred', 'FLOAT', this.#zPred.subarray(0, rows))]),
      ...features.map((name, at) => column(name, 'DOUBLE', this.#features[at]?.subarray(0, rows) ?? [])),
      column('flags', 'INT32', this.#flags.subarray(0, rows)),
      ...(ids === 'none' ? [] : [column('id', ids === 'text' ? 'STRING' : 'INT64', this.#ids)]),
      ...[...this.#carried.columns(), ...this.#beside.columns(rows)].map(({ name, type, data }) =>
        column(name, type, data),
      ),
    ];
  }

  /** Numbers where all are known, else a list with nulls in it. */
  #truth(): ColumnSource['data'] {
    const values = this.#zSpec.subarray(0, this.#rows);
    const known = this.#known.subarray(0, this.#rows);
    return known.includes(0) ? Array.from(values, (z, row) => (known[row] === 0 ? null : z)) : values;
  }
}
