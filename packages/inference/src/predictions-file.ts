import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import {
  ASTROMAE,
  FORMAT,
  isUsableTruth,
  NewerFormatError,
  PARQUET_FORMAT_KEY,
  QUALITY_FLAGS,
} from '@cosmicai/payload';
import type { PredictedSamples } from './predict-partition.ts';
import type { PartitionChecks } from './quality/partition-checks.ts';

/** Columns of the magnitudes. */
const FEATURES = ASTROMAE.features;

/** Predictions of one partition in the order of its samples. */
export interface PartitionPredictions {
  /** Key or path of the partition. */
  readonly partition: string;
  readonly batches: readonly PredictedSamples[];
  /** Why the file wasn't checked for damage, if it wasn't. */
  readonly unchecked?: string | undefined;
  /** What was taken down of the images. */
  readonly checks?: PartitionChecks;
}

/**
 * Parquet file of predictions: rank, partition, index (in its partition), z_spec, z_pred, mag_u … mag_z, flags. Its
 * key-value metadata tells the format.
 */
export function encodePredictions(rank: number, partitions: readonly PartitionPredictions[]): Uint8Array {
  const batches = partitions.flatMap((partition) => partition.batches);
  const count = batches.reduce((sum, batch) => sum + batch.count, 0);
  const names: string[] = [];
  const index = new Int32Array(count);
  const zSpec = new Float64Array(count);
  const zPred = new Float32Array(count);
  const flags = new Int32Array(count);
  const magnitudes = FEATURES.map((name) => ({ name, data: new Float64Array(count), type: 'DOUBLE' as const }));
  let row = 0;
  for (const { partition, batches } of partitions) {
    for (const batch of batches) {
      zSpec.set(batch.zSpec, row);
      zPred.set(batch.zPred, row);
      flags.set(batch.flags, row);
      for (let sample = 0; sample < batch.count; sample++, row++) {
        names.push(partition);
        index[row] = batch.from + sample;
        for (const [at, { data }] of magnitudes.entries())
          data[row] = batch.magnitudes[sample * FEATURES.length + at] ?? NaN;
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
    ],
    kvMetadata: [{ key: PARQUET_FORMAT_KEY, value: String(FORMAT) }],
  });
  return new Uint8Array(file);
}

/** A row of a predictions file. */
export interface PredictionRow {
  readonly rank: number;
  readonly partition: string;
  readonly index: number;
  readonly z_spec: number;
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
  const told = metadata.key_value_metadata?.find(({ key }) => key === PARQUET_FORMAT_KEY)?.value;
  if (Number(told) > FORMAT) throw new NewerFormatError('A file of predictions', Number(told), FORMAT);
  const hasFlags = metadata.schema.some(({ name }) => name === 'flags');
  const columns = ['rank', 'partition', 'index', 'z_spec', 'z_pred', ...(hasFlags ? ['flags'] : [])];
  const rows = (await parquetReadObjects({ file: buffer, metadata, columns })) as unknown as PredictionRow[];
  return hasFlags ? rows : rows.map((row) => ({ ...row, flags: flagsOfTruth(row.z_spec) }));
}

function flagsOfTruth(redshift: number): number {
  return isUsableTruth(redshift) ? 0 : QUALITY_FLAGS.truth_unusable.bit;
}
