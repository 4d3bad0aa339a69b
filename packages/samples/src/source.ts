/** Arrays that hold values of each type; names as in numpy. */
export interface ArraysByType {
  readonly float64: Float64Array;
  readonly float32: Float32Array;
  readonly int64: BigInt64Array;
  readonly int32: Int32Array;
  readonly int16: Int16Array;
  readonly int8: Int8Array;
  readonly uint64: BigUint64Array;
  readonly uint32: Uint32Array;
  readonly uint16: Uint16Array;
  readonly uint8: Uint8Array;
  /** 0 and 1. */
  readonly bool: Uint8Array;
  readonly text: readonly string[];
}

export type ValueType = keyof ArraysByType;

/** Values of a column for consecutive samples, one sample after the other, each in C order. */
export type ColumnValues = ArraysByType[ValueType];

/** The column of the objects' names, in a source that has them: whole numbers or text. */
export const ID_COLUMN = 'id';

/**
 * How numbers are handed out that some samples lack: as floats with NaN, or, of 64 bits, with a number that stands for none. `exact`
 * hands them out as they are.
 */
export interface Gaps {
  /** Of the numbers that are there. */
  readonly type: Exclude<ValueType, 'text'>;
  /** What stands for none. */
  readonly blank?: bigint;
}

/** Numbers of a column with gaps, null where there is none; true and false are 1 and 0. */
export type ExactValues = readonly (number | bigint | null)[];

/** What a source has of every sample: an image, some numbers, a name. Which column means what is not for a source to know. */
export interface SampleColumn {
  readonly name: string;
  /** Of the values that are handed out, whatever the file holds. */
  readonly type: ValueType;
  /** Of one sample: [] for a single value, [bands, height, width] for an image. */
  readonly shape: readonly number[];
  /** Names along the first axis, or along the last one of an image whose channels are there: bands, or what each number is. */
  readonly parts?: readonly string[];
  /** Of one value for each sample: that some samples may have none, and what the values are that there are. */
  readonly gaps?: Gaps;
  /** Of an image whose channels come last, [height, width, bands], where the file says so. */
  readonly layout?: 'NHWC';
}

/** Consecutive samples of a source. */
export interface SampleBatch {
  /** Index in the source of the first sample. */
  readonly from: number;
  readonly count: number;
  /** Of every column that was asked for, by its name. They may be views on what was read: don't change them. */
  readonly values: ReadonlyMap<string, ColumnValues>;
  /** Of the columns with gaps that `exact` named. */
  readonly exact?: ReadonlyMap<string, ExactValues>;
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Names of the columns that are wanted, and no others are read; default: all. */
  readonly columns?: readonly string[] | undefined;
  /** Names of columns with gaps whose numbers are wanted as they are, besides. */
  readonly exact?: readonly string[] | undefined;
}

export interface BatchesOptions extends ReadOptions {
  /** Samples in each batch; the last may have fewer. */
  readonly size: number;
  /** First sample, default 0. */
  readonly from?: number;
  /** One past the last sample, default all. */
  readonly to?: number;
  /** Batches read while one is being worked on, default 1. Memory is (readAhead + 1) batches. */
  readonly readAhead?: number;
}

/**
 * Samples that are read by ranges, so that a file of any size needs the memory of a few batches. Calls may overlap. Every
 * implementation passes the suite of `@cosmicai/samples/conformance`.
 */
export interface SampleSource {
  /** Names the file in messages. */
  readonly name: string;
  /** Samples. */
  readonly count: number;
  readonly columns: readonly SampleColumn[];
  /** True: the columns have no names of their own, and are called by their places: `0`, `1`, … */
  readonly unnamed?: boolean;
  /** What else is in the file and can't be a column, and why, as said after its name: `is of shape [7], and there are 8 galaxies`. */
  readonly unfit?: ReadonlyMap<string, string>;
  /**
   * Reads samples [from, to).
   *
   * @throws RangeError when the range leaves the source
   * @throws UnusableFileError when what is read is damaged
   */
  read(from: number, to: number, options?: ReadOptions): Promise<SampleBatch>;
  /**
   * Reads samples in order, batch by batch, ahead of the caller. Leaving the loop, or the signal, cancels what is under way.
   * Where all samples are asked for and the format has sums to check them by, the last batch is handed out only when they fit.
   *
   * @throws RangeError at once when the range leaves the source, or `size` is not a whole number of at least 1
   * @throws UnusableFileError when what is read is damaged
   */
  batches(options: BatchesOptions): AsyncGenerator<SampleBatch, void, undefined>;
  /** Why damage could go unnoticed though it was to be checked; known once `batches` has handed out all samples. */
  unchecked(): string | undefined;
  /**
   * Sentences about what is in the data and not in the samples, or not as it should be: files of a folder that nobody names, say.
   * All are known once `batches` has handed out all samples.
   */
  notes?(): readonly string[];
}
