import { quantile } from '@cosmicai/metrics';
import { isPlaceholderMagnitude, isUsableTruth } from '@cosmicai/payload';
import { toldChange, type Compared, type ToldChange } from './change.ts';

/** Galaxies between two values of something; `from` belongs to it, `to` does not, except in the last bin. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly change: ToldChange;
}

/** What an arithmetic changes for near and far galaxies, and for bright and faint ones. */
export interface BinnedChange {
  /** By spectroscopic redshift. */
  readonly redshift: readonly Bin[];
  /** By magnitude in the r band; none where no feature is one. */
  readonly magnitude: readonly Bin[];
  /** The feature that is the magnitude; undefined: none is. */
  readonly band: string | undefined;
}

export interface ComparedGalaxies extends Compared {
  /** Row-major, one row a galaxy, in the order of `features`. */
  readonly magnitudes: readonly number[];
  readonly features: readonly string[];
}

/** `mag_r`, `r`, `r_cmodel_mag`: SDSS selects its main sample by it. Colours (`g-r`) are none. */
const R_BAND = /(^|_)r(_|$)/i;

const BINS = 5;
/** Enough to see a change in a bin; a thousand for each would take longer than predicting does. */
const RESAMPLES = 200;

/** In five bins of as many galaxies each. */
export function binnedChange(compared: ComparedGalaxies): BinnedChange {
  const { zSpec, magnitudes, features } = compared;
  const place = features.findIndex((feature) => R_BAND.test(feature));
  const magnitude = zSpec.map((_, at) => (place === -1 ? NaN : (magnitudes[at * features.length + place] ?? NaN)));
  return {
    redshift: binsOf(compared, zSpec, isUsableTruth),
    magnitude: binsOf(compared, magnitude, (value) => Number.isFinite(value) && !isPlaceholderMagnitude(value)),
    band: features[place],
  };
}

function binsOf(compared: Compared, by: readonly number[], isUsable: (value: number) => boolean): Bin[] {
  const values = by.filter(isUsable);
  if (values.length === 0) return [];
  const edges = [...new Set(Array.from({ length: BINS + 1 }, (_, edge) => quantile(values, edge / BINS)))];
  // One value for all is one bin.
  const pairs = edges.length === 1 ? [[edges[0], edges[0]]] : edges.slice(1).map((to, place) => [edges[place], to]);
  return pairs.flatMap(([from = NaN, to = NaN], place) => {
    const last = place === pairs.length - 1;
    const rows = [...by.keys()].filter((at) => {
      const value = by[at] ?? NaN;
      return isUsable(value) && value >= from && (value < to || (last && value === to));
    });
    if (rows.length === 0) return [];
    const change = toldChange(columnsOf(compared, rows), RESAMPLES);
    return [{ from, to, change }];
  });
}

function columnsOf({ zSpec, before, after }: Compared, rows: readonly number[]): Compared {
  const of = (column: readonly number[]) => rows.map((row) => column[row] ?? NaN);
  return { zSpec: of(zSpec), before: of(before), after: of(after) };
}
