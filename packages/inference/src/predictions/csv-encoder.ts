import type { CarriedColumn } from '@cosmicai/samples';
import type { AnswerColumn } from '../answer-columns.ts';
import type { PredictedSamples } from '../predict-partition.ts';
import { placeName } from './predictions-encoder.ts';

/**
 * Encodes predictions as CSV (RFC 4180) as they come. Columns index, z_spec (nothing where nobody knows it), z_pred (nothing where
 * the model answers something else), flags; the index counts through all files in the order given. Where some file has names of its
 * objects, id besides: `<file>#<index in it>` for objects without one. Then the columns that are kept, and what else the model
 * answers, of a list of numbers each in a column.
 */
export class CsvEncoder {
  readonly #named: boolean;
  #index = 0;
  #begun = false;

  /** @param named whether some file has names of its objects */
  constructor(named: boolean) {
    this.#named = named;
  }

  /** The lines of these samples; before the first ones the header. */
  *add(partition: string, samples: PredictedSamples): Generator<string> {
    if (!this.#begun) yield this.#header(samples);
    yield Array.from({ length: samples.count }, (_, sample) => this.#line(partition, samples, sample)).join('');
  }

  /** The rest of the file: the header, where there was nothing. */
  finish(): string {
    return this.#begun ? '' : this.#header({});
  }

  #header({ carried = [], beside = [] }: Pick<PredictedSamples, 'carried' | 'beside'>): string {
    this.#begun = true;
    const more = [...carried.map(({ name }) => name), ...beside.flatMap(namesOf)];
    return `${[`index,z_spec,z_pred,flags${this.#named ? ',id' : ''}`, ...more.map(csvText)].join(',')}\n`;
  }

  #line(partition: string, samples: PredictedSamples, sample: number): string {
    const { from, zSpec, zPred, flags, id, carried = [], beside = [] } = samples;
    const name = this.#named ? `,${csvText(String(id?.[sample] ?? placeName(partition, from + sample)))}` : '';
    const figures = `${this.#index++},${zSpec?.[sample] ?? ''},${zPred?.[sample] ?? ''},${flags[sample]}${name}`;
    const answers = beside.flatMap((column) => valuesOf(column, sample));
    return `${[figures, ...keptText(carried, sample), ...answers].join(',')}\n`;
  }
}

function keptText(carried: readonly CarriedColumn[], sample: number): string[] {
  return carried.map(({ type, values }) => {
    const value = values[sample] ?? '';
    // As catalogues write them, though sources have them as 0 and 1.
    return type === 'bool' && value !== '' ? String(Boolean(Number(value))) : csvText(String(value));
  });
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
