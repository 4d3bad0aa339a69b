import { parquetMetadata, parquetReadObjects, type FileMetaData } from 'hyparquet';
import { parquetWriteBuffer, type ColumnSource } from 'hyparquet-writer';
import {
  ASTROMAE,
  FORMAT,
  isUsableTruth,
  NewerFormatError,
  PARQUET_FORMAT_KEY,
  QUALITY_FLAGS,
  type TakenColumn,
} from '@cosmicai/payload';
import type { PredictedSamples } from './predict-partition.ts';
import type { PartitionChecks } from './quality/partition-checks.ts';

/** Predictions of one partition in the order of its samples. */
export interface PartitionPredictions {
  /** Key or path of the partition. */
  readonly partition: string;
  readonly batches: readonly PredictedSamples[];
  /** Why the file wasn't checked for damage, if it wasn't. */
  readonly unchecked?: string | undefined;
  /** What was taken down of the images. */
  readonly checks?: PartitionChecks;
  /** Which of its columns were taken for what. */
  readonly taken?: readonly TakenColumn[];
  /** What is in its data and not in its samples, or not as it should be. */
  readonly notes?: readonly string[];
}

/**
 * Parquet file of predictions: rank, partition, index (in its partition), z_spec (null where nobody knows it), z_pred,
 * the features (mag_u … mag_z), flags and, where the objects have names, id. Its key-value metadata tells the format.
 */
export function encodePredictions(
  rank: number,
  partitions: readonly PartitionPredictions[],
  features: readonly string[] = ASTROMAE.features,
): Uint8Array {
  const batches = partitions.flatMap((partition) => partition.batches);
  const count = batches.reduce((sum, batch) => sum + batch.count, 0);
  const names: string[] = [];
  const index = new Int32Array(count);
  const zSpec = truthColumn(count, batches);
  const zPred = new Float32Array(count);
  const flags = new Int32Array(count);
  const magnitudes = features.map((name) => ({ name, data: new Float64Array(count), type: 'DOUBLE' as const }));
  let row = 0;
  for (const { partition, batches } of partitions) {
    for (const batch of batches) {
      if (batch.zSpec !== null) setAll(zSpec, batch.zSpec, row);
      zPred.set(batch.zPred, row);
      flags.set(batch.flags, row);
      for (let sample = 0; sample < batch.count; sample++, row++) {
        names.push(partition);
        index[row] = batch.from + sample;
        for (const [at, { data }] of magnitudes.entries())
          data[row] = batch.magnitudes[sample * features.length + at] ?? NaN;
      }
    }
  }
  const file = parquetWriteBuffer({
    columnData: [
      { name: 'rank', data: new Int32Array(count).fill(rank), type: 'INT32' },
      { name: 'partition', data: names, type: 'STRING' },
      { name: 'index', data: index, type: 'INT32' },
      { name: 'z_spec', data: zSpec, type: 'DOUBLE' },
      { name: 'z_pred', data: zPred, type: 'FLOAT' },
      ...magnitudes,
      { name: 'flags', data: flags, type: 'INT32' },
      ...idColumn(partitions),
    ],
    kvMetadata: [{ key: PARQUET_FORMAT_KEY, value: String(FORMAT) }],
  });
  return new Uint8Array(file);
}

/** Numbers of galaxies of which all have a true redshift, else a list with nulls in it. */
function truthColumn(count: number, batches: readonly PredictedSamples[]): Float64Array | (number | null)[] {
  return batches.every(({ zSpec }) => zSpec !== null)
    ? new Float64Array(count)
    : new Array<number | null>(count).fill(null);
}

function setAll(column: Float64Array | (number | null)[], values: Float64Array, from: number): void {
  if (column instanceof Float64Array) column.set(values, from);
  else for (const [at, value] of values.entries()) column[from + at] = value;
}

/** Nothing where no object has a name. Whole numbers where all have one that is; else text, and `<partition>#<index>` for the rest. */
function idColumn(partitions: readonly PartitionPredictions[]): ColumnSource[] {
  const batches = partitions.flatMap(({ batches }) => batches);
  if (batches.every(({ id }) => id === undefined)) return [];
  if (batches.every(({ id }) => id instanceof BigInt64Array)) {
    const data = new BigInt64Array(batches.reduce((sum, { count }) => sum + count, 0));
    let row = 0;
    for (const { id, count } of batches) {
      if (id instanceof BigInt64Array) data.set(id, row);
      row += count;
    }
    return [{ name: 'id', data, type: 'INT64' }];
  }
  const data = partitions.flatMap(({ partition, batches }) =>
    batches.flatMap(({ from, count, id }) =>
      Array.from({ length: count }, (_, sample) => String(id?.[sample] ?? placeName(partition, from + sample))),
    ),
  );
  return [{ name: 'id', data, type: 'STRING' }];
}

/** The name of an object that has none of its own. */
export function placeName(partition: string, index: number): string {
  return `${partition}#${index}`;
}

/** A row of a predictions file. */
export interface PredictionRow {
  readonly rank: number;
  readonly partition: string;
  readonly index: number;
  /** The object's own name; absent where files have none, and it is known as `placeName` says. */
  readonly id?: string | bigint;
  /** Null: nobody knows it. */
  readonly z_spec: number | null;
  readonly z_pred: number;
  /** Bits of QUALITY_FLAGS. */
  readonly flags: number;
}

/**
 * Reads predictions back without the magnitudes. Files without flags, written before there were any, get that of an unusable truth.
 *
 * @throws NewerFormatError when they tell a format that only later versions know
 */
export async function decodePredictions(file: Uint8Array): Promise<PredictionRow[]> {
  const buffer = new Uint8Array(file).buffer;
  const metadata = parquetMetadata(buffer);
  refuseNewerPredictions(metadata);
  const hasFlags = metadata.schema.some(({ name }) => name === 'flags');
  const hasId = metadata.schema.some(({ name }) => name === 'id');
  const columns = [
    'rank',
    'partition',
    'index',
    ...(hasId ? ['id'] : []),
    'z_spec',
    'z_pred',
    ...(hasFlags ? ['flags'] : []),
  ];
  const rows = (await parquetReadObjects({ file: buffer, metadata, columns })) as unknown as PredictionRow[];
  return hasFlags ? rows : rows.map((row) => ({ ...row, flags: flagsOfTruth(row.z_spec) }));
}

/** @throws NewerFormatError for a file that tells a format which only later versions know */
export function refuseNewerPredictions({ key_value_metadata: told }: Pick<FileMetaData, 'key_value_metadata'>): void {
  const format = Number(told?.find(({ key }) => key === PARQUET_FORMAT_KEY)?.value);
  if (format > FORMAT) throw new NewerFormatError('A file of predictions', format, FORMAT);
}

/** The flags of a prediction in a file that has none. @param redshift the true one */
export function flagsOfTruth(redshift: number | null): number {
  return redshift === null || isUsableTruth(redshift) ? 0 : QUALITY_FLAGS.truth_unusable.bit;
}
