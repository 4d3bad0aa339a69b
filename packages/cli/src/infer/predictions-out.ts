import { type NamedFile } from '@cosmicai/store';
import { encodePredictions, placeName, type PartitionPredictions } from '@cosmicai/inference';
import { UserInputError } from '@cosmicai/payload';
import type { CarriedColumn } from '@cosmicai/samples';

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
  features: readonly string[],
): Promise<void> {
  await file.write(format === 'parquet' ? encodePredictions(0, partitions, features) : csvLines(partitions));
}

/**
 * Columns index, z_spec (nothing where nobody knows it), z_pred, flags; the index counts through all files in the order given.
 * Where some file has names of its objects, id besides, then the columns that are kept: `<file>#<index in it>` for objects without one.
 */
function* csvLines(partitions: readonly PartitionPredictions[]): Generator<string> {
  const named = partitions.some(({ batches }) => batches.some(({ id }) => id !== undefined));
  const kept = partitions.flatMap(({ batches }) => batches)[0]?.carried ?? [];
  yield `index,z_spec,z_pred,flags${named ? ',id' : ''}${kept.map(({ name }) => `,${csvText(name)}`).join('')}\n`;
  let index = 0;
  for (const { partition, batches } of partitions) {
    for (const { from, zSpec, zPred, flags, count, id, carried = [] } of batches) {
      for (let sample = 0; sample < count; sample++) {
        const name = named ? `,${csvText(String(id?.[sample] ?? placeName(partition, from + sample)))}` : '';
        yield `${index++},${zSpec?.[sample] ?? ''},${zPred[sample]},${flags[sample]}${name}${keptText(carried, sample)}\n`;
      }
    }
  }
}

function keptText(carried: readonly CarriedColumn[], sample: number): string {
  return carried.map(({ values }) => `,${csvText(String(values[sample]))}`).join('');
}

/** As RFC 4180 has it. */
function csvText(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
