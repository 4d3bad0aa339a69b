import type { SchemaElement } from 'hyparquet';
import type { ColumnSource } from 'hyparquet-writer';
import type { AnswerColumnKind } from '@cosmicai/payload';
import type { AnswerColumn } from '../answer-columns.ts';

/** Columns of answers, beside the redshift, for the rows of a group. */
export class AnswerRows {
  readonly #columns: readonly KeptAnswers[];

  /** @param rows that it takes at most */
  constructor(kinds: readonly AnswerColumnKind[], rows: number) {
    this.#columns = kinds.map((kind) => keptAnswers(kind, rows));
  }

  /** Takes samples from the first to before the last, as rows from `row` on. @throws TypeError when they lack a column */
  add(beside: readonly AnswerColumn[], row: number, [first, end]: readonly [number, number]): void {
    for (const kept of this.#columns) {
      const column = beside.find(({ name }) => name === kept.name);
      if (kept.type === 'text' && column?.type === 'text') kept.values.push(...column.values.slice(first, end));
      else if (kept.type !== 'text' && column?.values instanceof Float32Array)
        kept.values.set(column.values.subarray(first * kept.length, end * kept.length), row * kept.length);
      else throw new TypeError(`predictions without the column ${kept.name}`);
    }
  }

  clear(): void {
    for (const kept of this.#columns) if (kept.type === 'text') kept.values.length = 0;
  }

  columns(
    rows: number,
  ): { readonly name: string; readonly type: ColumnSource['type']; readonly data: ColumnSource['data'] }[] {
    return this.#columns.map((kept) => ({
      name: kept.name,
      type: kept.type === 'text' ? 'STRING' : 'FLOAT',
      data: rowsOf(kept, rows),
    }));
  }

  /** Names of the columns that are lists, which the writer derives no schema for. */
  get lists(): string[] {
    return this.#columns.filter(({ type }) => type === 'numbers').map(({ name }) => name);
  }
}

/** A list of numbers of each row, as Parquet has it. */
export function listSchema(name: string): SchemaElement[] {
  return [
    { name, repetition_type: 'REQUIRED', converted_type: 'LIST', num_children: 1 },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
  ];
}

type KeptAnswers =
  | {
      readonly name: string;
      readonly type: 'number' | 'numbers';
      /** Numbers of a row. */
      readonly length: number;
      readonly values: Float32Array;
    }
  | { readonly name: string; readonly type: 'text'; readonly values: string[] };

function keptAnswers(kind: AnswerColumnKind, rows: number): KeptAnswers {
  const { name, type } = kind;
  if (type === 'text') return { name, type, values: [] };
  const length = type === 'numbers' ? kind.length : 1;
  return { name, type, length, values: new Float32Array(rows * length) };
}

function rowsOf(kept: KeptAnswers, rows: number): ColumnSource['data'] {
  if (kept.type === 'text') return kept.values;
  if (kept.type === 'number') return kept.values.subarray(0, rows);
  const { length, values } = kept;
  return Array.from({ length: rows }, (_, row) => Array.from(values.subarray(row * length, (row + 1) * length)));
}
