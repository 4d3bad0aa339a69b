import { type NamedFile } from '@cosmicai/store';
import { encodePredictions, type PartitionPredictions } from '@cosmicai/inference';
import { UserInputError } from '@cosmicai/payload';

export type PredictionsFormat = 'csv' | 'parquet';

/** @throws UserInputError for an ending that stands for no format */
export function formatOf(out: string | undefined): PredictionsFormat {
  if (out === undefined || out.endsWith('.csv')) return 'csv';
  if (out.endsWith('.parquet')) return 'parquet';
  throw new UserInputError(`--out ${out} must end with .csv or .parquet.`);
}

export async function writePredictions(
  file: NamedFile,
  format: PredictionsFormat,
  partitions: readonly PartitionPredictions[],
): Promise<void> {
  await file.write(format === 'parquet' ? encodePredictions(0, partitions) : csvLines(partitions));
}

/** Columns index, z_spec, z_pred, flags; the index counts through all files in the order given. */
function* csvLines(partitions: readonly PartitionPredictions[]): Generator<string> {
  yield 'index,z_spec,z_pred,flags\n';
  let index = 0;
  for (const { zSpec, zPred, flags, count } of partitions.flatMap((partition) => partition.batches)) {
    for (let sample = 0; sample < count; sample++)
      yield `${index++},${zSpec[sample]},${zPred[sample]},${flags[sample]}\n`;
  }
}
