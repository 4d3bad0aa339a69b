import { z } from 'zod';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { Counts } from './counts.ts';

/** An axis of a grid: its finest cells, the first of which begins at `from`. */
export interface Axis {
  readonly from: number;
  /** A power of two, so that edges of cells are exact. */
  readonly width: number;
  /** Below 2^15. */
  readonly cells: number;
}

export interface GridAxes {
  readonly x: Axis;
  readonly y: Axis;
}

/** What a grid holds, for a codec. */
export interface GridCounts {
  readonly level: number;
  readonly outside: number;
  readonly cells: Counts;
}

/** More occupied cells than this are joined to larger ones: four times as many as a picture of 64 x 64 has. */
const MOST_CELLS = 16_384;
const ROW_BITS = 15;
const ROWS = 2 ** ROW_BITS;
/** At which all is one cell. */
const LAST_LEVEL = 2 * ROW_BITS;
const EMPTY = -1;

const count = z.number().int().nonnegative();
const edge = z.object({ from: z.number(), width: z.number().positive() });

/** Counts over two quantities in cells of one size: those cells that hold any, by their places along x and y. */
export const gridSchema = z
  .object({ x: edge, y: edge, columns: z.array(count), rows: z.array(count), counts: z.array(count), outside: count })
  .refine(({ columns, rows, counts }) => columns.length === rows.length && rows.length === counts.length, {
    error: 'as many columns and rows as counts',
  });
export type Grid = z.output<typeof gridSchema>;

/**
 * Counts pairs of values in the cells of a grid, whose cells are as small as the number of occupied ones allows: each level
 * joins two neighbours of the one before, along x and y in turn. The cells' size depends on all that was counted and not on the
 * order or the grouping, so merging is associative and commutative to the last count, and takes the same memory whatever there is.
 */
export class CountGrid {
  readonly #axes: GridAxes;
  #level = 0;
  #outside = 0;
  #occupied = 0;
  #keys = new Int32Array(1024).fill(EMPTY);
  #counts = new Float64Array(1024);

  constructor(axes: GridAxes) {
    this.#axes = axes;
  }

  /** A value that is not finite, or beyond an axis, is counted as outside. */
  add(x: number, y: number): void {
    const { x: across, y: up } = this.#axes;
    const column = Math.floor((x - across.from) / across.width);
    const row = Math.floor((y - up.from) / up.width);
    if (!(column >= 0 && column < across.cells && row >= 0 && row < up.cells)) this.#outside++;
    else this.#increase(joined(column * ROWS + row, 0, this.#level), 1);
  }

  merge(other: CountGrid): void {
    this.addCounts(other.counts());
  }

  addCounts({ level, outside, cells: { keys, counts } }: GridCounts): void {
    this.#outside += outside;
    while (this.#level < level) this.#coarsen();
    for (let at = 0; at < keys.length; at++) this.#increase(joined(keys[at] ?? 0, level, this.#level), counts[at] ?? 0);
  }

  counts(): GridCounts {
    const places = [...this.#keys.keys()].filter((place) => this.#keys[place] !== EMPTY);
    const ordered = Int32Array.from(places, (place) => this.#keys[place] ?? 0).sort();
    return {
      level: this.#level,
      outside: this.#outside,
      cells: { keys: ordered, counts: Float64Array.from(ordered, (key) => this.#counts[this.#placeOf(key)] ?? 0) },
    };
  }

  finish(): Grid {
    const { x, y } = this.#axes;
    const { cells } = this.counts();
    const [across, up] = shiftsOf(this.#level);
    return {
      x: { from: x.from, width: x.width * 2 ** across },
      y: { from: y.from, width: y.width * 2 ** up },
      columns: Array.from(cells.keys, (key) => key >> ROW_BITS),
      rows: Array.from(cells.keys, (key) => key & (ROWS - 1)),
      counts: [...cells.counts],
      outside: this.#outside,
    };
  }

  #increase(key: number, by: number): void {
    const place = this.#placeOf(key);
    this.#counts[place] = (this.#counts[place] ?? 0) + by;
    if (this.#keys[place] === key) return;
    this.#keys[place] = key;
    this.#occupied++;
    if (this.#occupied > MOST_CELLS) this.#coarsen();
    else if (2 * this.#occupied > this.#keys.length) this.#rebuild(2 * this.#keys.length, this.#level);
  }

  /** Where a key lies, or could. */
  #placeOf(key: number): number {
    const last = this.#keys.length - 1;
    let place = (Math.imul(key, 0x9e3779b1) >>> 8) & last;
    while (this.#keys[place] !== EMPTY && this.#keys[place] !== key) place = (place + 1) & last;
    return place;
  }

  #coarsen(): void {
    this.#rebuild(this.#keys.length, this.#level + 1);
  }

  #rebuild(size: number, level: number): void {
    const [keys, counts, before] = [this.#keys, this.#counts, this.#level];
    this.#keys = new Int32Array(size).fill(EMPTY);
    this.#counts = new Float64Array(size);
    this.#occupied = 0;
    this.#level = level;
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at] ?? EMPTY;
      if (key !== EMPTY) this.#increase(joined(key, before, this.#level), counts[at] ?? 0);
    }
  }
}

export function writeGrid(writer: ByteWriter, { level, outside, cells }: GridCounts): void {
  writer.whole(level);
  writer.whole(outside);
  writer.counts(cells, 0);
}

/** @throws UnusableFileError */
export function readGrid(reader: ByteReader): GridCounts {
  const level = reader.whole();
  if (level > LAST_LEVEL) reader.fail(`a grid in it has the level ${level}; there are ${LAST_LEVEL}`);
  const outside = reader.whole();
  return { level, outside, cells: reader.counts(0, ROWS * ROWS) };
}

/** By how many bits places along x and y are shifted at a level. */
function shiftsOf(level: number): readonly [number, number] {
  return [(level + 1) >> 1, level >> 1];
}

/** The cell at one level that holds a cell of a finer one. */
function joined(key: number, level: number, coarser: number): number {
  if (level === coarser) return key;
  const [across, up] = shiftsOf(coarser);
  const [acrossNow, upNow] = shiftsOf(level);
  return (((key >> ROW_BITS) >> (across - acrossNow)) << ROW_BITS) | ((key & (ROWS - 1)) >> (up - upNow));
}
