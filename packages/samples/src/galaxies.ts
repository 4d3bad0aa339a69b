import { ASTROMAE, imageShape, UserInputError, type ModelSpec } from '@cosmicai/payload';
import type { ByteSource } from '@cosmicai/store';
import type { ObjectIds } from '@cosmicai/torchfile';
import { changed } from './changed.ts';
import type { OpenSamplesOptions } from './format.ts';
import { openSamples } from './open-samples.ts';
import {
  ID_COLUMN,
  type BatchesOptions,
  type ReadOptions,
  type SampleBatch,
  type SampleColumn,
  type SampleSource,
  type ValueType,
} from './source.ts';

/** Consecutive samples as models take them. Arrays are the source's own, row-major. */
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
}

/** Spectroscopic redshifts of samples, NaN where nobody knows them: what metrics leave out. */
export function truthOf({ count, redshift }: Pick<Galaxies, 'count' | 'redshift'>): Float64Array {
  return redshift ?? new Float64Array(count).fill(NaN);
}

/** A source of what a model takes; see SampleSource. */
export interface GalaxySource extends Pick<SampleSource, 'name' | 'count' | 'unchecked'> {
  read(from: number, to: number, options?: ReadOptions): Promise<Galaxies>;
  batches(options: BatchesOptions): AsyncGenerator<Galaxies, void, undefined>;
}

/**
 * Opens a file of samples and finds in it what a model takes.
 *
 * @throws UnusableFileError as openSamples does, UserInputError when the file has no such columns
 */
export async function openGalaxies(file: ByteSource, options: OpenSamplesOptions = {}): Promise<GalaxySource> {
  return galaxiesOf(await openSamples(file, options), options.spec);
}

/**
 * The columns of a source that a model takes, by the names of their parts, and the truth and the objects' names where it has
 * them. Values pass through without a copy.
 *
 * @throws UserInputError that says what is missing and what is there
 */
export function galaxiesOf(source: SampleSource, spec: ModelSpec = ASTROMAE): GalaxySource {
  const image = columnOf(source, { parts: spec.image.bands, type: 'float32', shape: imageShape(spec.image) });
  const features = columnOf(source, { parts: spec.features, type: 'float64', shape: [spec.features.length] });
  const has = (name: string) => source.columns.some((column) => column.name === name);
  const truth = has(spec.truth) ? columnOf(source, { name: spec.truth, type: 'float64', shape: [] }) : undefined;
  const asGalaxies = (batch: SampleBatch): Galaxies => ({
    from: batch.from,
    count: batch.count,
    images: valuesOf(source, batch, image, Float32Array),
    magnitudes: valuesOf(source, batch, features, Float64Array),
    redshift: truth === undefined ? null : valuesOf(source, batch, truth, Float64Array),
    ...(has(ID_COLUMN) && { id: idsOf(source, batch) }),
  });
  return {
    name: source.name,
    count: source.count,
    unchecked: () => source.unchecked(),
    read: async (from, to, options) => asGalaxies(await source.read(from, to, options)),
    batches: (options) => changed(source.batches(options), asGalaxies),
  };
}

interface WantedColumn {
  readonly name?: string;
  readonly parts?: readonly string[];
  readonly type: ValueType;
  readonly shape: readonly number[];
}

function columnOf(source: SampleSource, wanted: WantedColumn): string {
  const found = source.columns.find(
    ({ name, parts, type, shape }) =>
      (wanted.name === undefined || name === wanted.name) &&
      (wanted.parts === undefined || isSame(parts ?? [], wanted.parts)) &&
      type === wanted.type &&
      isSame(shape, wanted.shape),
  );
  if (found !== undefined) return found.name;
  const there = source.columns.map((column) => described(column)).join('; ');
  throw new UserInputError(`${source.name} has no ${described(wanted)}. It has: ${there}.`);
}

/** `image (float32 [5, 32, 32]: u, g, r, i, z)` */
function described({ name = 'column', type, shape, parts }: Partial<SampleColumn> & WantedColumn): string {
  const dimensions = shape.length === 0 ? '' : ` [${shape.join(', ')}]`;
  return `${name} (${type}${dimensions}${parts === undefined ? '' : `: ${parts.join(', ')}`})`;
}

function isSame<Value>(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((value, place) => value === b[place]);
}

function idsOf({ name }: SampleSource, { values }: SampleBatch): ObjectIds {
  const found = values.get(ID_COLUMN);
  if (found instanceof BigInt64Array || (found !== undefined && !ArrayBuffer.isView(found))) return found;
  throw new TypeError(`the source of ${name} hands out its column ${ID_COLUMN} in another type than int64 or text`);
}

function valuesOf<Values extends Float32Array | Float64Array>(
  { name }: SampleSource,
  { values }: SampleBatch,
  column: string,
  ArrayType: new () => Values,
): Values {
  const found = values.get(column);
  if (found instanceof ArrayType) return found;
  throw new TypeError(`the source of ${name} hands out its column ${column} in another type than it says`);
}
