/** What the values of a column are. */
export type Kind = 'boolean' | 'int32' | 'int64' | 'float32' | 'float64' | 'text';

/** One value of a row: a number of a kind, text, a list of numbers, or null where there is none. */
export type Cell = string | number | bigint | boolean | null | ArrayLike<number | bigint>;

/** The values of a column in some rows: int64 as bigint, other numbers as number. */
export type Values = Cell[] | Int32Array | BigInt64Array | Float32Array | Float64Array;

export interface Column {
  readonly name: string;
  readonly kind: Kind;
  /** Rows have lists of such values, e.g. a density over redshift. */
  readonly isList: boolean;
  /** Some value may be null. */
  readonly nullable: boolean;
  /** As VOUnits writes it; absent: none. */
  readonly unit?: string;
  /** Unified content descriptor (UCD1+) of the IVOA. */
  readonly ucd?: string;
  readonly description: string;
}

/** Some rows, one list of values for each column that was asked for, in that order. */
export interface Chunk {
  readonly rows: number;
  readonly values: readonly Values[];
}

/** Something that is true of the whole table. */
export interface Fact {
  /** In snake case, as Parquet and VOTable have it. */
  readonly name: string;
  /** The keyword in a FITS header. */
  readonly keyword: string;
  readonly value: string | number;
  readonly about: string;
}

/** A table that is read as often as a format needs, and never held. */
export interface Table {
  /** One line, for those who read the file. */
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly facts: readonly Fact[];
  /**
   * All rows from the first to the last, in chunks of at most some 100,000.
   *
   * @param columns which of the columns, by default all
   */
  chunks(columns?: readonly Column[]): AsyncIterable<Chunk>;
}

/** Bytes of a value of a kind; of text, of no use. */
export const KIND_BYTES = { boolean: 1, int32: 4, int64: 8, float32: 4, float64: 8, text: 0 } as const;

/** The narrowest kind that holds the values of both; what is no number, and int64 beside fractions, becomes text. */
export function widest(a: Kind, b: Kind): Kind {
  if (a === b) return a;
  const both = new Set([a, b]);
  if (both.has('text') || both.has('boolean')) return 'text';
  if (both.has('int64')) return both.has('int32') ? 'int64' : 'text';
  return 'float64';
}

/** Values of one kind as those of a kind that `widest` found. */
export function widened(values: Values, from: Kind, to: Kind): Values {
  if (from === to) return values;
  const each = Array.from<Cell>(values);
  const change = (cell: Cell): Cell => {
    if (cell === null) return null;
    if (typeof cell === 'object') return Array.from(cell, (item) => (to === 'int64' ? BigInt(item) : Number(item)));
    if (to === 'text') return String(cell);
    return to === 'int64' ? BigInt(cell) : Number(cell);
  };
  return each.map(change);
}
