import { KIND_BYTES, type Cell, type Chunk, type Column } from '../../table/column.ts';

/** Rows that are put together. */
const ROWS = 4096;
const LENGTH_BYTES = 4;

/** Rows as BINARY2 has them: a bit for each column, set where there is no value, then all values, big-endian. */
export class Binary2Rows {
  readonly #columns: readonly Column[];
  readonly #flagBytes: number;

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
    this.#flagBytes = Math.ceil(columns.length / 8);
  }

  *encode({ rows, values }: Chunk): Generator<Buffer> {
    for (let from = 0; from < rows; from += ROWS) {
      const to = Math.min(rows, from + ROWS);
      const cell = (place: number, row: number): Cell => values[place]?.[row] ?? null;
      let size = (to - from) * this.#flagBytes;
      for (const [place, column] of this.#columns.entries())
        for (let row = from; row < to; row++) size += bytesOf(column, cell(place, row));
      const bytes = Buffer.alloc(size);
      let at = 0;
      for (let row = from; row < to; row++) {
        const flags = at;
        at += this.#flagBytes;
        for (const [place, column] of this.#columns.entries()) {
          const value = cell(place, row);
          const byte = flags + (place >> 3);
          if (value === null) bytes.writeUInt8(bytes.readUInt8(byte) | (0x80 >> (place & 7)), byte);
          at = put(bytes, at, column, value);
        }
      }
      yield bytes;
    }
  }
}

function bytesOf({ kind, isList }: Column, cell: Cell): number {
  // By units of UTF-16, so that characters beyond the basic plane are two.
  if (kind === 'text') return LENGTH_BYTES + (typeof cell === 'string' ? 2 * cell.length : 0);
  if (!isList) return KIND_BYTES[kind];
  return LENGTH_BYTES + (typeof cell === 'object' && cell !== null ? cell.length * KIND_BYTES[kind] : 0);
}

function put(bytes: Buffer, at: number, column: Column, cell: Cell): number {
  if (column.kind === 'text') {
    const text = typeof cell === 'string' ? cell : '';
    at = bytes.writeUInt32BE(text.length, at);
    for (let unit = 0; unit < text.length; unit++) at = bytes.writeUInt16BE(text.charCodeAt(unit), at);
    return at;
  }
  if (!column.isList)
    return putNumber(bytes, at, column, typeof cell === 'object' || typeof cell === 'string' ? null : cell);
  const items = typeof cell === 'object' && cell !== null ? cell : [];
  at = bytes.writeUInt32BE(items.length, at);
  for (const item of Array.from<number | bigint>(items)) at = putNumber(bytes, at, column, item);
  return at;
}

function putNumber(bytes: Buffer, at: number, { kind }: Column, value: number | bigint | boolean | null): number {
  switch (kind) {
    case 'boolean':
      return bytes.writeUInt8((value === null ? '?' : value === true ? 'T' : 'F').charCodeAt(0), at);
    case 'int32':
      return bytes.writeInt32BE(Number(value ?? 0), at);
    case 'int64':
      return bytes.writeBigInt64BE(BigInt(value ?? 0), at);
    case 'float32':
      return bytes.writeFloatBE(value === null ? NaN : Number(value), at);
    default:
      return bytes.writeDoubleBE(value === null ? NaN : Number(value), at);
  }
}
