import { UserInputError } from '@cosmicai/payload';
import { finestPixel } from '../healpix/nested.ts';
import { usual } from '../table/known-columns.ts';
import type { Chunk, Column, Values } from '../table/column.ts';

/** The columns that say where a galaxy is. */
export interface PositionColumns {
  readonly ra: Column;
  readonly dec: Column;
}

/** @throws UserInputError where there are none */
export function positionColumns(columns: readonly Column[]): PositionColumns {
  const number = (wanted: string) =>
    columns.find(
      ({ name, kind, isList }) => usual(name) === wanted && !isList && (kind === 'float32' || kind === 'float64'),
    );
  const [ra, dec] = [number('ra'), number('dec')];
  if (ra !== undefined && dec !== undefined) return { ra, dec };
  throw new UserInputError(
    `--healpix sorts galaxies by where they are, and the predictions of this run don't say it: expected columns ra and dec of degrees beside ${columns.map(({ name }) => name).join(', ')}. They are there where the run kept them: cosmicai run … --keep ra,dec`,
  );
}

/**
 * The pixel of order 29 of each row.
 *
 * @param from which row of the table the chunk begins with, for messages
 * @throws UserInputError naming a row without a position
 */
export function finestPixels(ra: Values, dec: Values, { rows }: Pick<Chunk, 'rows'>, from: number): BigInt64Array {
  const pixels = new BigInt64Array(rows);
  for (let row = 0; row < rows; row++) {
    const [east, north] = [ra[row], dec[row]];
    const pixel = typeof east === 'number' && typeof north === 'number' ? finestPixel(east, north) : undefined;
    if (pixel === undefined)
      throw new UserInputError(
        `--healpix: the galaxy of row ${from + row} has no position: its ra is ${shown(east)}, its dec ${shown(north)}; expected degrees, dec from -90 to 90.`,
      );
    pixels[row] = pixel;
  }
  return pixels;
}

function shown(cell: Values[number] | undefined): string {
  return typeof cell === 'number' || typeof cell === 'string' ? String(cell) : 'none';
}
