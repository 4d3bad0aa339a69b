import { hasEnding, UserInputError } from '@cosmicai/payload';
import { csv } from './csv.ts';
import { ecsv } from './ecsv.ts';
import { fits } from './fits.ts';
import type { Format } from './format.ts';
import { parquet } from './parquet/parquet.ts';
import { votable } from './votable/votable.ts';

/** Every format of catalogues. */
export const FORMATS: readonly Format[] = [parquet, fits, votable, ecsv, csv];

/**
 * The format that is named, or else that of a file's ending.
 *
 * @throws UserInputError where neither says one
 */
export function formatOf(out: string, named?: string): Format {
  const found =
    named === undefined
      ? FORMATS.find(({ endings }) => hasEnding(out, ...endings))
      : FORMATS.find(({ name }) => name === named);
  if (found !== undefined) return found;
  const endings = FORMATS.flatMap((format) => format.endings).join(', ');
  throw new UserInputError(
    out === '-'
      ? `Say which format goes to standard output: --format ${FORMATS.filter(({ isText }) => isText)
          .map(({ name }) => name)
          .join(', --format ')}.`
      : `No format of a catalogue is known by the name ${out}: expected one that ends in ${endings}, or --format.`,
  );
}
