import { BinaryTable, FitsSum, type Card, type TableCell, type TableColumn, type TableType } from '@cosmicai/fits';
import { KIND_BYTES, type Column, type Fact, type Kind, type Table, type Values } from '../table/column.ts';
import { measure, type Lengths } from '../table/measure.ts';
import type { Format } from './format.ts';
import { PERCENT_ENCODED, percentEncoded } from './percent.ts';

/** A binary table in the first extension. */
export const fits: Format = {
  name: 'fits',
  endings: ['.fits', '.fit'],
  isText: false,
  async *write(table) {
    const plans = await planned(table);
    // What the sum in the header is of comes behind it, and is made twice.
    const sum = new FitsSum();
    for await (const bytes of dataOf(table, plans, binaryTable(table, plans))) sum.add(bytes);
    const file = binaryTable(table, plans);
    yield file.header(sum.value);
    yield* dataOf(table, plans, file);
  },
};

function binaryTable(table: Table, plans: readonly Plan[]): BinaryTable {
  return new BinaryTable(
    plans.map(({ written }) => written),
    {
      rows: table.rows,
      heapBytes: plans.reduce((sum, { heapBytes }) => sum + heapBytes, 0),
      cards: cardsOf(table, plans),
      name: 'CATALOGUE',
    },
  );
}

/** All that follows the header. */
async function* dataOf(table: Table, plans: readonly Plan[], file: BinaryTable): AsyncGenerator<Uint8Array> {
  for await (const { rows, values } of table.chunks())
    yield file.rows(
      plans.map(({ isEscaped }, place) => cellsOf(values[place] ?? [], isEscaped)),
      rows,
    );
  const variable = plans.filter(({ written }) => written.isVariable);
  if (variable.length > 0) {
    for await (const { rows, values } of table.chunks(variable.map(({ column }) => column)))
      yield file.heap(
        variable.map(({ isEscaped }, place) => cellsOf(values[place] ?? [], isEscaped)),
        rows,
      );
  }
  yield file.padding();
}

/** How a column is written. */
interface Plan {
  readonly column: Column;
  readonly written: TableColumn;
  /** Its texts are escaped. */
  readonly isEscaped: boolean;
  readonly heapBytes: number;
}

const TYPES: Readonly<Record<Kind, TableType>> = {
  boolean: 'L',
  int32: 'J',
  int64: 'K',
  float32: 'E',
  float64: 'D',
  text: 'A',
};

async function planned(table: Table): Promise<Plan[]> {
  const { texts, lists } = await measure(table, isPlain, percentEncoded);
  const names = fitsNames(table.columns.map(({ name }) => name));
  return table.columns.map((column, place) => {
    const text = texts.get(column);
    const isEscaped = text?.isPlain === false;
    const lengths = isEscaped ? text.escaped : (text?.plain ?? lists.get(column));
    const isVariable = lengths !== undefined && !isFixed(column, lengths, table.rows);
    return {
      column,
      isEscaped,
      heapBytes: isVariable ? lengths.total * Math.max(1, KIND_BYTES[column.kind]) : 0,
      written: {
        name: names[place] ?? column.name,
        type: TYPES[column.kind],
        items: lengths === undefined ? 1 : isVariable ? lengths.longest : Math.max(1, lengths.longest),
        isVariable,
        isNullable: column.nullable && !column.isList,
        unit: column.unit,
        ucd: column.ucd,
        description: ascii(column.description),
      },
    };
  });
}

/** Texts up to this are not worth a heap. */
const SHORT = 32;
/** A column of fixed width may be so many times as large as what is in it. */
const WASTE = 4;

/** Whether each row has the same room for its value: lists of one length, and texts of which few are much longer than others. */
function isFixed({ kind, isList }: Column, { shortest, longest, total, hasNull }: Lengths, rows: number): boolean {
  if (!isList) return longest <= SHORT || longest * rows <= WASTE * total;
  const hasNaN = kind === 'float32' || kind === 'float64';
  return shortest === longest && longest > 0 && (!hasNull || hasNaN);
}

/** FITS has printable ASCII, and takes blanks at the end for filling. */
function isPlain(text: string): boolean {
  return /^[ -~]*$/.test(text) && !text.endsWith(' ');
}

function cellsOf(values: Values, isEscaped: boolean): ArrayLike<TableCell> {
  return isEscaped ? Array.from(values, (cell) => (typeof cell === 'string' ? percentEncoded(cell) : cell)) : values;
}

/** FITS knows no names that differ by case alone: the second gets a number. */
function fitsNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const plain = isPlain(name) ? name : percentEncoded(name);
    let free = plain;
    for (let number = 2; taken.has(free.toLowerCase()); number++) free = `${plain}_${number}`;
    taken.add(free.toLowerCase());
    return free;
  });
}

function cardsOf({ title, facts }: Table, plans: readonly Plan[]): Card[] {
  const encoded = plans.filter(({ isEscaped }) => isEscaped).map(({ written }) => written.name);
  return [
    { keyword: 'COMMENT', comment: ascii(title) },
    ...encoded.map((name) => ({
      keyword: 'COMMENT',
      comment: `The texts of ${name} are ${PERCENT_ENCODED}.`,
    })),
    ...facts.map(({ keyword, value, about }: Fact) => ({
      keyword,
      value: typeof value === 'string' ? ascii(value) : value,
      comment: about,
    })),
  ];
}

/** Text for a header: what is no printable ASCII as JSON escapes it. */
function ascii(text: string): string {
  return text
    .replaceAll('−', '-')
    .replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
