import { createWriteStream } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { encodePredictions, type PartitionPredictions } from '@cosmicai/inference';
import { UserInputError } from '@cosmicai/payload';

export type PredictionsFormat = 'csv' | 'parquet';

/** @throws UserInputError for an ending that stands for no format */
export function formatOf(out: string | undefined): PredictionsFormat {
  if (out === undefined || out.endsWith('.csv')) return 'csv';
  if (out.endsWith('.parquet')) return 'parquet';
  throw new UserInputError(`--out ${out} must end with .csv or .parquet.`);
}

/** Written beside its place and renamed, so that an interrupted run leaves no half file under the name asked for. */
export async function writePredictions(
  path: string,
  format: PredictionsFormat,
  partitions: readonly PartitionPredictions[],
): Promise<void> {
  const partial = `${path}.partial`;
  try {
    if (format === 'parquet') await writeFile(partial, encodePredictions(0, partitions));
    else await writeCsv(partial, partitions);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw new UserInputError(`Predictions can't be written to ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** Columns index, z_spec, z_pred, flags; the index counts through all files in the order given. */
async function writeCsv(path: string, partitions: readonly PartitionPredictions[]): Promise<void> {
  function* lines() {
    yield 'index,z_spec,z_pred,flags\n';
    let index = 0;
    for (const { zSpec, zPred, flags, count } of partitions.flatMap((partition) => partition.batches)) {
      for (let sample = 0; sample < count; sample++)
        yield `${index++},${zSpec[sample]},${zPred[sample]},${flags[sample]}\n`;
    }
  }
  await pipeline(lines(), createWriteStream(path));
}
