import { NUMBER_ARRAYS, ASTROMAE, type ColumnChoice, type ModelSpec, type TakenColumn } from '@cosmicai/payload';
import { float64Of, gatheredOf, idsOf, imagesOf, pickedOf, type ObjectIds, type TensorData } from '@cosmicai/torchfile';
import { changed } from './changed.ts';
import { chooseColumns } from './columns/choose.ts';
import type { SampleInput } from './folder/folder-inputs.ts';
import type { OpenSamplesOptions } from './format.ts';
import { openSamples } from './open-samples.ts';
import { resizeImages } from './resize-images.ts';
import {
  type BatchesOptions,
  type ColumnValues,
  type ReadOptions,
  type SampleBatch,
  type SampleColumn,
  type SampleSource,
  type ValueType,
} from './source.ts';

/** Consecutive samples as models take them. Arrays are the source's own where it has them so, row-major. */
export interface Galaxies {
  /** Index in the source of the first one. */
  readonly from: number;
  readonly count: number;
  /** [count, bands, side, side] */
  readonly images: Float32Array;
  /** [count, features] */
  readonly magnitudes: Float64Array;
  /** Spectroscopic redshift, [count]; null: the source has none. */
  readonly redshift: Float64Array | null;
  /** Names of the objects, [count]; absent where the source has none. */
  readonly id?: ObjectIds;
  /** Columns that were asked for as they are; absent where none were. */
  readonly carried?: readonly CarriedColumn[];
}

/** A column that is handed on as it is: one value for each sample. */
export interface CarriedColumn {
  readonly name: string;
  readonly type: ValueType;
  /** Null where a sample has none. */
  readonly values: ArrayLike<number | bigint | string | boolean | null>;
}

/** Spectroscopic redshifts of samples, NaN where nobody knows them: what metrics leave out. */
export function truthOf({ count, redshift }: Pick<Galaxies, 'count' | 'redshift'>): Float64Array {
  return redshift ?? new Float64Array(count).fill(NaN);
}

/** A source of what a model takes; see SampleSource. */
export interface GalaxySource extends Pick<SampleSource, 'name' | 'count' | 'unchecked' | 'notes'> {
  /** Which column was taken for what. */
  readonly taken: readonly TakenColumn[];
  /** The columns that are handed on as they are. */
  readonly carries: readonly Pick<CarriedColumn, 'name' | 'type'>[];
  read(from: number, to: number, options?: Omit<ReadOptions, 'columns'>): Promise<Galaxies>;
  batches(options: Omit<BatchesOptions, 'columns'>): AsyncGenerator<Galaxies, void, undefined>;
}

/**
 * Opens a file of samples, unless it is open, and finds in it what a model takes.
 *
 * @throws UnusableFileError as openSamples does, and when the file has no such columns
 */
export async function openGalaxies(
  file: SampleInput | SampleSource,
  options: OpenSamplesOptions = {},
): Promise<GalaxySource> {
  const source = 'columns' in file ? file : await openSamples(file, options);
  return galaxiesOf(source, options.spec, options.columns, options.keep);
}

/**
 * The columns of a source that a model takes, and the truth and the objects' names where it has them: those that are said, and
 * those that their names tell. Images become float32, cut to the model's side and with its bands in its order; what is so already
 * passes through without a copy. A source without samples is one of no galaxies, whatever its columns.
 *
 * @param keep names of columns that are handed on as they are
 * @throws UnusableFileError that says what is missing or could be either of two, what is there, and what to type
 */
export function galaxiesOf(
  source: SampleSource,
  spec: ModelSpec = ASTROMAE,
  columns?: ColumnChoice,
  keep: readonly string[] = [],
): GalaxySource {
  if (source.count === 0) return noGalaxies(source);
  const { image, features, truth, id, kept, taken } = chooseColumns(source, spec, columns, keep);
  const beside = 'columns' in features ? features.columns : [features.column];
  const read = [image.column, ...beside, truth, id, ...kept.map(({ column }) => column)].filter(
    (column) => column !== undefined,
  );
  const names = [...new Set(read.map(({ name }) => name))];
  const exact = kept.flatMap(({ column }) => (column.gaps === undefined ? [] : [column.name]));

  function featuresIn(batch: SampleBatch): Float64Array {
    if ('columns' in features)
      return gatheredOf(
        features.columns.map((column) => numbersOf(source, batch, column)),
        batch.count,
      );
    const values = numbersOf(source, batch, features.column);
    const [width = 1] = features.column.shape;
    return features.order === undefined ? float64Of(values) : pickedOf(values, batch.count, width, features.order);
  }

  function imagesIn(batch: SampleBatch): Float32Array {
    const { square } = image.layout;
    const { bands, side } = spec.image;
    const taken = imagesOf(numbersOf(source, batch, image.column), batch.count, image.layout, { bands, side: square });
    return square === side ? taken : resizeImages(taken, square, side);
  }

  const asGalaxies = (batch: SampleBatch): Galaxies => ({
    from: batch.from,
    count: batch.count,
    images: imagesIn(batch),
    magnitudes: featuresIn(batch),
    redshift: truth === undefined ? null : float64Of(numbersOf(source, batch, truth)),
    ...(id !== undefined && { id: idsOf(valuesOf(source, batch, id)) }),
    ...(kept.length > 0 && {
      carried: kept.map(({ name, column }) => ({
        name,
        type: column.gaps?.type ?? column.type,
        values: batch.exact?.get(column.name) ?? valuesOf(source, batch, column),
      })),
    }),
  });
  return {
    name: source.name,
    count: source.count,
    taken,
    carries: kept.map(({ name, column }) => ({ name, type: column.gaps?.type ?? column.type })),
    unchecked: () => source.unchecked(),
    notes: () => source.notes?.() ?? [],
    read: async (from, to, options) => asGalaxies(await source.read(from, to, { ...options, columns: names, exact })),
    batches: (options) => changed(source.batches({ ...options, columns: names, exact }), asGalaxies),
  };
}

/** Of a source without samples, whose columns are of no account: some formats can't even say what their rows would be. */
function noGalaxies(source: SampleSource): GalaxySource {
  const none = (from: number): Galaxies => ({
    from,
    count: 0,
    images: new Float32Array(0),
    magnitudes: new Float64Array(0),
    redshift: null,
  });
  return {
    name: source.name,
    count: 0,
    taken: [],
    carries: [],
    unchecked: () => source.unchecked(),
    notes: () => source.notes?.() ?? [],
    read: async (from, to, options) => none((await source.read(from, to, { ...options, columns: [] })).from),
    batches: (options) => changed(source.batches({ ...options, columns: [] }), ({ from }) => none(from)),
  };
}

/** The values of a column, in an array of the type that the source says. */
function valuesOf({ name }: SampleSource, { values }: SampleBatch, column: SampleColumn): ColumnValues {
  const found = values.get(column.name);
  const isRight = column.type === 'text' ? Array.isArray(found) : found instanceof NUMBER_ARRAYS[column.type];
  if (found !== undefined && isRight) return found;
  throw new TypeError(`the source of ${name} hands out its column ${column.name} in another type than it says`);
}

function numbersOf(source: SampleSource, batch: SampleBatch, column: SampleColumn): TensorData {
  const found = valuesOf(source, batch, column);
  if (ArrayBuffer.isView(found)) return found;
  throw new TypeError(`the source of ${source.name} hands out its column ${column.name} as text`);
}
