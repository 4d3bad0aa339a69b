import { ASTROMAE } from '@cosmicai/payload';
import { PLACES, type PhotometrySums } from './photometry.ts';

/** What images and magnitudes that should show the same galaxies look like. */
export type PhotometryVerdict =
  | { readonly kind: 'agree' }
  /** Too few galaxies that can be measured to tell. */
  | { readonly kind: 'too_few' }
  /** The images' brightness doesn't follow the magnitudes. */
  | { readonly kind: 'unrelated'; readonly correlation: number }
  /** The images differ in brightness by less than the magnitudes say; spread of the one over that of the other. */
  | { readonly kind: 'compressed'; readonly ratio: number }
  /** What the bands at places 0 to 4 look like, 0 (u) to 4 (z), and the images' unit in nanomaggies, 1 if it is that. */
  | {
      readonly kind: 'permuted';
      readonly images: readonly number[];
      readonly magnitudes: readonly number[];
      readonly factor: number;
    }
  /** All bands are so many times as bright as the magnitudes say. */
  | { readonly kind: 'unit'; readonly factor: number }
  /** The factor differs from band to band; each relative to their mean. */
  | { readonly kind: 'unit_by_band'; readonly factors: readonly number[] };

/** Below this chance decides; measured on small samples of simulated galaxies (docs/data-quality.md). */
export const LEAST_GALAXIES = 25;
/** Magnitudes that differ less than this (standard deviation) can't show whether the images follow them. */
const LEAST_SPREAD = 0.6;
/** Right images have about 0.8; those of bright galaxies, whose sizes differ most, 0.6. Below it by this many standard errors. */
const LEAST_CORRELATION = 0.6;
const STANDARD_ERRORS = 2.5;
/** The aperture loses more of brighter galaxies, which are larger, so that right images have a ratio of about 0.75. */
const LEAST_RATIO = 0.45;
/** On the way from the order given (0) to another one (1), how far the images' colours must be. */
const CLOSER_TO_OTHER = 0.7;
/** Magnitudes by which colours in images and catalogue may differ on average. */
const FLAT = 0.35;
/** Mean magnitudes of galaxies fall from u to z; this much against it is another order of the bands. */
const AGAINST_ORDER = 0.1;
/** Magnitudes by which images may be brighter or fainter than expected: a factor of 2.5. */
const SAME_UNIT = 1;

const IN_ORDER: readonly number[] = ASTROMAE.image.bands.map((_, band) => band);
const PERMUTATIONS = permutations(IN_ORDER);

export function photometryVerdict(sums: PhotometrySums): PhotometryVerdict {
  const { moments } = sums;
  if (moments.count < LEAST_GALAXIES) return { kind: 'too_few' };

  const imageSpread = Math.sqrt(moments.covariance(PLACES.imageMean, PLACES.imageMean));
  const spread = Math.sqrt(moments.covariance(PLACES.catalogueMean, PLACES.catalogueMean));
  if (spread > LEAST_SPREAD) {
    const ratio = imageSpread / spread;
    if (ratio < LEAST_RATIO) return { kind: 'compressed', ratio };
    const correlation = moments.covariance(PLACES.imageMean, PLACES.catalogueMean) / (spread * imageSpread);
    // Fisher's transform has a standard error of 1 / sqrt(n - 3).
    const most = Math.atanh(correlation) + STANDARD_ERRORS / Math.sqrt(moments.count - 3);
    if (most < Math.atanh(LEAST_CORRELATION)) return { kind: 'unrelated', correlation };
  }

  const columns = magnitudeOrder(sums);
  const match = bestMatch(sums);
  const offsets = match.map(
    (column, band) => moments.mean(PLACES.image(band)) - moments.mean(PLACES.catalogue(column)),
  );
  if (offsets.some((offset) => Math.abs(offset) > FLAT)) {
    const factors = IN_ORDER.map((band) =>
      brightness(moments.mean(PLACES.image(band)) - moments.mean(PLACES.catalogue(band))),
    );
    return { kind: 'unit_by_band', factors };
  }
  const catalogueMean = moments.mean(PLACES.catalogueMean);
  const fainter = moments.mean(PLACES.imageMean) - catalogueMean - expectedLoss(catalogueMean);
  const factor = Math.abs(fainter) > SAME_UNIT ? brightness(fainter) : 1;
  const images = match.map((column) => columns[column] ?? column);
  if (![images, columns].every(isInOrder)) return { kind: 'permuted', images, magnitudes: columns, factor };
  return factor === 1 ? { kind: 'agree' } : { kind: 'unit', factor };
}

/** Magnitudes that the aperture misses of a galaxy of this mean magnitude of the bands, as measured on simulated ones. */
export function expectedLoss(magnitude: number): number {
  return Math.max(0.4, 0.6 + 0.42 * (17.6 - magnitude));
}

function brightness(fainter: number): number {
  return 10 ** (-0.4 * fainter);
}

/** Which band each column of the magnitudes looks like: the fainter, the bluer. */
function magnitudeOrder({ moments }: PhotometrySums): readonly number[] {
  const mean = (column: number) => moments.mean(PLACES.catalogue(column));
  if (IN_ORDER.every((column) => column === 0 || mean(column - 1) - mean(column) > -AGAINST_ORDER)) return IN_ORDER;
  const fromFaintest = [...IN_ORDER].sort((a, b) => mean(b) - mean(a));
  return IN_ORDER.map((column) => fromFaintest.indexOf(column));
}

/** The column of the magnitudes whose colours, galaxy by galaxy, each band of the images has. */
function bestMatch({ moments }: PhotometrySums): readonly number[] {
  const agreement = (match: readonly number[]) =>
    match.reduce((sum, column, band) => sum + moments.product(PLACES.image(band), PLACES.catalogue(column)), 0);
  const inOrder = agreement(IN_ORDER);
  let best = IN_ORDER;
  for (const match of PERMUTATIONS) if (agreement(match) > agreement(best)) best = match;
  // Square of the distance between the two orders, over the galaxies.
  const apart = best.reduce(
    (sum, column, band) =>
      sum +
      2 *
        (moments.product(PLACES.catalogue(band), PLACES.catalogue(band)) -
          moments.product(PLACES.catalogue(band), PLACES.catalogue(column))),
    0,
  );
  const way = 0.5 + (agreement(best) - inOrder) / apart;
  return best !== IN_ORDER && way > CLOSER_TO_OTHER ? best : IN_ORDER;
}

function isInOrder(bands: readonly number[]): boolean {
  return bands.every((band, place) => band === place);
}

function permutations(values: readonly number[]): number[][] {
  if (values.length === 0) return [[]];
  return values.flatMap((value, place) => permutations(values.toSpliced(place, 1)).map((rest) => [value, ...rest]));
}
