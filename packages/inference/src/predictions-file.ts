import { parquetMetadata, parquetReadObjects, type FileMetaData } from 'hyparquet';
import {
  ANSWER_COLUMNS,
  ASTROMAE,
  FORMAT,
  isUsableTruth,
  NewerFormatError,
  PARQUET_FORMAT_KEY,
  QUALITY_FLAGS,
  type ModelSpec,
} from '@cosmicai/payload';
import { commonKinds } from '@cosmicai/samples';
import type { PredictedSamples } from './predict-partition.ts';
import { carriedKinds } from './predictions/carried-columns.ts';
import { commonIds, idsOf, PredictionsEncoder } from './predictions/predictions-encoder.ts';

/** Predictions of one partition in the order of its samples. */
export interface PartitionPredictions {
  /** Key or path of the partition. */
  readonly partition: string;
  readonly batches: readonly PredictedSamples[];
}

/** A file of predictions as a rank writes it, of predictions that are all there. */
export function encodePredictions(
  rank: number,
  partitions: readonly PartitionPredictions[],
  { features, outputs }: Pick<ModelSpec, 'features' | 'outputs'> = ASTROMAE,
): Uint8Array {
  const kinds = partitions.flatMap(({ batches }) => batches.map(idsOf));
  const ids = kinds.length === 0 ? 'none' : kinds.reduce((one, other) => commonIds(one, other));
  const files = partitions.flatMap(({ partition, batches }) =>
    batches.slice(0, 1).map((batch) => ({ name: partition, kinds: carriedKinds(batch) })),
  );
  const encoder = new PredictionsEncoder({
    rank,
    features,
    ids,
    outputs,
    carried: commonKinds(files),
  });
  const parts: Uint8Array[] = [];
  for (const { partition, batches } of partitions)
    for (const samples of batches) parts.push(...encoder.add(partition, samples));
  return new Uint8Array(Buffer.concat([...parts, encoder.finish()]));
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
  /** Null: the model answers something else. */
  readonly z_pred: number | null;
  /** The most probable class, where the model answers classes; '' where it is none. */
  readonly class?: string;
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
  const has = (column: string) => metadata.schema.some(({ name }) => name === column);
  const columns = [
    'rank',
    'partition',
    'index',
    'z_spec',
    ...['id', 'z_pred', 'flags', ANSWER_COLUMNS.class].filter(has),
  ];
  const rows = (await parquetReadObjects({ file: buffer, metadata, columns })) as unknown as PredictionRow[];
  if (has('flags') && has('z_pred')) return rows;
  return rows.map((row) => ({
    ...row,
    z_pred: has('z_pred') ? row.z_pred : null,
    flags: has('flags') ? row.flags : flagsOfTruth(row.z_spec),
  }));
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
