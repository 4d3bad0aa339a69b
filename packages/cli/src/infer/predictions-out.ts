import { type NamedFile } from '@cosmicai/store';
import { encodePredictions, placeName, type AnswerColumn, type PartitionPredictions } from '@cosmicai/inference';
import { UserInputError, type ModelSpec } from '@cosmicai/payload';
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
  spec: ModelSpec,
): Promise<void> {
  await file.write(format === 'parquet' ? encodePredictions(0, partitions, spec) : csvLines(partitions));
}

/**
 * Columns index, z_spec (nothing where nobody knows it), z_pred (nothing where the model answers something else), flags; the index
 * counts through all files in the order given. Where some file has names of its objects, id besides: `<file>#<index in it>` for
 * objects without one. Then the columns that are kept, and what else the model answers, of a list of numbers each in a column.
 */
function* csvLines(partitions: readonly PartitionPredictions[]): Generator<string> {
  const named = partitions.some(({ batches }) => batches.some(({ id }) => id !== undefined));
  const { carried: kept = [], beside: others = [] } = partitions.flatMap(({ batches }) => batches)[0] ?? {};
  const more = [...kept.map(({ name }) => name), ...others.flatMap(namesOf)];
  yield `${[`index,z_spec,z_pred,flags${named ? ',id' : ''}`, ...more.map(csvText)].join(',')}\n`;
  let index = 0;
  for (const { partition, batches } of partitions) {
    for (const { from, zSpec, zPred, flags, count, id, carried = [], beside = [] } of batches) {
      for (let sample = 0; sample < count; sample++) {
        const name = named ? `,${csvText(String(id?.[sample] ?? placeName(partition, from + sample)))}` : '';
        const figures = `${index++},${zSpec?.[sample] ?? ''},${zPred?.[sample] ?? ''},${flags[sample]}${name}`;
        const answers = beside.flatMap((column) => valuesOf(column, sample));
        yield `${[figures, ...keptText(carried, sample), ...answers].join(',')}\n`;
      }
    }
  }
}

function keptText(carried: readonly CarriedColumn[], sample: number): string[] {
  return carried.map(({ values }) => csvText(String(values[sample] ?? '')));
}

function namesOf(column: AnswerColumn): string[] {
  if (column.type !== 'numbers') return [column.name];
  return Array.from({ length: column.length }, (_, at) => `${column.name}_${at}`);
}

function valuesOf(column: AnswerColumn, sample: number): (string | number | undefined)[] {
  switch (column.type) {
    case 'number':
      return [column.values[sample]];
    case 'numbers':
      return [...column.values.subarray(sample * column.length, (sample + 1) * column.length)];
    case 'text':
      return [csvText(column.values[sample] ?? '')];
  }
}

/** As RFC 4180 has it. */
function csvText(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
