import { UserInputError } from '@cosmicai/payload';
import { BLOCK_BYTES, type Card } from '../header/card.ts';
import { checkedHeader } from './checked-header.ts';

/** Letters of TFORM: logical, int32, int64, float32, float64, ASCII text. */
export type TableType = 'L' | 'J' | 'K' | 'E' | 'D' | 'A';

const TYPE_BYTES: Readonly<Record<TableType, number>> = { L: 1, J: 4, K: 8, E: 4, D: 8, A: 1 };

/** A column of a binary table that is to be written. */
export interface TableColumn {
  readonly name: string;
  readonly type: TableType;
  /** Items in each row, of text its longest in characters; of a column of variable length, the most that a row has. */
  readonly items: number;
  /** Rows have different numbers of items, which lie in the heap behind the table. */
  readonly isVariable: boolean;
  /** Some whole number may be null: the column has a TNULL. */
  readonly isNullable: boolean;
  readonly unit?: string | undefined;
  readonly ucd?: string | undefined;
  readonly description?: string | undefined;
}

/** A value of a row: null where there is none, which is NaN, TNULL, a byte of zero, or an empty text in the file. */
export type TableCell = string | number | bigint | boolean | null | ArrayLike<number | bigint>;

export interface TableShape {
  /** Exactly as many will be written. */
  readonly rows: number;
  /** Of all items of columns of variable length. */
  readonly heapBytes: number;
  /** Cards behind those that the table needs. */
  readonly cards: readonly Card[];
  /** EXTNAME */
  readonly name: string;
}

/** What stands for no value, as TNULL says: the number furthest from all others. */
const NULLS = { J: -(2 ** 31), K: -(2n ** 63n) } as const;

/** Descriptors of a P column are 32 bits wide. */
const LARGEST_P_HEAP = 2 ** 31 - 1;

/**
 * A binary table (BINTABLE of the FITS standard 4.0, section 7.3) that is written from its start to its end: header, rows some at
 * a time, then the heap some at a time, then padding. Nothing is held but the place in the heap.
 */
export class BinaryTable {
  readonly #columns: readonly TableColumn[];
  readonly #shape: TableShape;
  readonly #descriptor: 'P' | 'Q';
  /** Of a row in the table, without its heap. */
  readonly rowBytes: number;
  #heapAt = 0;

  constructor(columns: readonly TableColumn[], shape: TableShape) {
    this.#columns = columns;
    this.#shape = shape;
    this.#descriptor = shape.heapBytes > LARGEST_P_HEAP ? 'Q' : 'P';
    this.rowBytes = columns.reduce((sum, column) => sum + this.#widthOf(column), 0);
  }

  /**
   * An empty primary array, and the header of the table, both with their sums.
   *
   * @param dataSum of all that `rows`, `heap` and `padding` give
   */
  header(dataSum: number): Buffer {
    const { rows, heapBytes, cards, name } = this.#shape;
    const count = this.#columns.length;
    return Buffer.concat([
      checkedHeader(
        [
          { keyword: 'SIMPLE', value: true, comment: 'conforms to FITS' },
          { keyword: 'BITPIX', value: 8 },
          { keyword: 'NAXIS', value: 0, comment: 'no array here: the table is the first extension' },
          { keyword: 'EXTEND', value: true },
        ],
        0,
      ),
      checkedHeader(
        [
          { keyword: 'XTENSION', value: 'BINTABLE', comment: 'binary table' },
          { keyword: 'BITPIX', value: 8 },
          { keyword: 'NAXIS', value: 2 },
          { keyword: 'NAXIS1', value: this.rowBytes, comment: 'bytes of a row' },
          { keyword: 'NAXIS2', value: rows, comment: 'rows' },
          { keyword: 'PCOUNT', value: heapBytes, comment: 'bytes of the heap' },
          { keyword: 'GCOUNT', value: 1 },
          { keyword: 'TFIELDS', value: count, comment: 'columns' },
          { keyword: 'EXTNAME', value: name },
          { keyword: 'LONGSTRN', value: 'OGIP 1.0', comment: 'long texts go on in CONTINUE cards' },
          ...this.#columns.flatMap((column, at) => this.#cardsOf(column, at + 1)),
          ...cards,
        ],
        dataSum,
      ),
    ]);
  }

  /**
   * The bytes of some rows.
   *
   * @param values of each column, in order
   * @throws RangeError for a value that the columns don't have room for; UserInputError for the one that stands for none
   */
  rows(values: readonly ArrayLike<TableCell>[], count: number): Uint8Array {
    const bytes = Buffer.alloc(count * this.rowBytes);
    let offset = 0;
    const variable: { readonly column: TableColumn; readonly cells: ArrayLike<TableCell>; readonly offset: number }[] =
      [];
    for (const [place, column] of this.#columns.entries()) {
      const cells = values[place] ?? [];
      if (column.isVariable) variable.push({ column, cells, offset });
      else putColumn(bytes, { offset, rowBytes: this.rowBytes }, column, cells, count);
      offset += this.#widthOf(column);
    }
    for (let row = 0; row < count; row++)
      for (const { column, cells, offset } of variable)
        this.#describe(bytes, row * this.rowBytes + offset, column, cells[row] ?? null);
    return bytes;
  }

  /** The bytes in the heap of some rows. @param values of the columns of variable length, in order */
  heap(values: readonly ArrayLike<TableCell>[], count: number): Uint8Array {
    const variable = this.#columns.filter(({ isVariable }) => isVariable);
    const cells = (row: number) => variable.map((column, place) => ({ column, cell: values[place]?.[row] ?? null }));
    let size = 0;
    for (let row = 0; row < count; row++)
      for (const { column, cell } of cells(row)) size += itemsOf(cell) * TYPE_BYTES[column.type];
    const bytes = Buffer.alloc(size);
    let at = 0;
    for (let row = 0; row < count; row++)
      for (const { column, cell } of cells(row)) at = putItems(bytes, at, column.type, cell, itemsOf(cell));
    return bytes;
  }

  /** What fills the last block. */
  padding(): Uint8Array {
    const bytes = this.#shape.rows * this.rowBytes + this.#shape.heapBytes;
    return new Uint8Array((BLOCK_BYTES - (bytes % BLOCK_BYTES)) % BLOCK_BYTES);
  }

  #widthOf({ type, items, isVariable }: TableColumn): number {
    if (isVariable) return this.#descriptor === 'P' ? 8 : 16;
    return items * TYPE_BYTES[type];
  }

  #cardsOf({ name, type, items, isVariable, isNullable, unit, ucd, description }: TableColumn, number: number): Card[] {
    const form = isVariable ? `1${this.#descriptor}${type}(${items})` : `${items}${type}`;
    const nothing = isNullable && (type === 'J' || type === 'K') ? NULLS[type] : undefined;
    return [
      { keyword: `TTYPE${number}`, value: name },
      { keyword: `TFORM${number}`, value: form },
      ...(unit === undefined ? [] : [{ keyword: `TUNIT${number}`, value: unit }]),
      ...(nothing === undefined ? [] : [{ keyword: `TNULL${number}`, value: nothing, comment: 'no value' }]),
      ...(ucd === undefined ? [] : [{ keyword: `TUCD${number}`, value: ucd }]),
      ...(description === undefined ? [] : [{ keyword: `TCOMM${number}`, value: description }]),
    ];
  }

  #describe(bytes: Buffer, at: number, { type }: TableColumn, cell: TableCell): void {
    const items = itemsOf(cell);
    const place = this.#heapAt;
    this.#heapAt += items * TYPE_BYTES[type];
    if (this.#descriptor === 'P') bytes.writeInt32BE(place, bytes.writeInt32BE(items, at));
    else bytes.writeBigInt64BE(BigInt(place), bytes.writeBigInt64BE(BigInt(items), at));
  }
}

function itemsOf(cell: TableCell): number {
  if (typeof cell === 'string') return cell.length;
  return typeof cell === 'object' && cell !== null ? cell.length : cell === null ? 0 : 1;
}

/** @param place where the column is in a row, and how long rows are */
function putColumn(
  bytes: Buffer,
  { offset, rowBytes }: { readonly offset: number; readonly rowBytes: number },
  { name, type, items, isNullable }: TableColumn,
  cells: ArrayLike<TableCell>,
  count: number,
): void {
  const nothing = isNullable && (type === 'J' || type === 'K') ? NULLS[type] : undefined;
  for (let row = 0; row < count; row++) {
    const cell = cells[row] ?? null;
    if (itemsOf(cell) > items || (items > 1 && type !== 'A' && cell !== null && itemsOf(cell) !== items))
      throw new RangeError(`${name} has ${itemsOf(cell)} items in a row, where ${items} were said`);
    // Of one bit pattern two meanings are not to be told apart.
    if (nothing !== undefined && cell === nothing)
      throw new UserInputError(
        `${name} has rows without a value and the value ${nothing}, which stands for none in a FITS table. Write another format, such as Parquet.`,
      );
    putItems(bytes, offset + row * rowBytes, type, cell, items);
  }
}

function putItems(bytes: Buffer, at: number, type: TableType, cell: TableCell, items: number): number {
  if (type === 'A') {
    if (typeof cell === 'string') bytes.write(cell, at, 'latin1');
    return at + items;
  }
  for (let item = 0; item < items; item++) {
    const value = typeof cell === 'object' && cell !== null ? (cell[item] ?? null) : cell;
    at = putItem(bytes, at, type, typeof value === 'string' ? null : value);
  }
  return at;
}

/** @returns where the next value goes */
function putItem(bytes: Buffer, at: number, type: TableType, value: number | bigint | boolean | null): number {
  switch (type) {
    case 'L':
      return bytes.writeUInt8(value === null ? 0 : (value === true ? 'T' : 'F').charCodeAt(0), at);
    case 'J':
      return bytes.writeInt32BE(value === null ? NULLS.J : Number(value), at);
    case 'K':
      return bytes.writeBigInt64BE(value === null ? NULLS.K : BigInt(value), at);
    case 'E':
      return bytes.writeFloatBE(value === null ? NaN : Number(value), at);
    default:
      return bytes.writeDoubleBE(value === null ? NaN : Number(value), at);
  }
}
