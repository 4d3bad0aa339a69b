import { simulateSurvey } from '@cosmicai/survey';
import { ASTROMAE } from '@cosmicai/payload';
import type { PartitionBatch } from '@cosmicai/torchfile';

/** A way in which somebody's data may differ from what is expected. */
export type Fault = (batch: PartitionBatch) => PartitionBatch;

const BANDS = ASTROMAE.image.bands.length;
const PIXELS = ASTROMAE.image.side ** 2;

/** Galaxies of the simulated survey, in one batch. */
export function simulated(count: number, seed: number): PartitionBatch {
  const [batch] = simulateSurvey({ count, seed, batchSize: count });
  if (batch === undefined) throw new Error('an empty survey');
  return batch;
}

function eachImage(change: (image: Float32Array, band: number) => Float32Array): Fault {
  return (batch) => {
    const images = new Float32Array(batch.images.length);
    for (let at = 0; at * PIXELS < images.length; at++)
      images.set(change(batch.images.subarray(at * PIXELS, (at + 1) * PIXELS), at % BANDS), at * PIXELS);
    return { ...batch, images };
  };
}

const eachPixel = (change: (flux: number, band: number) => number): Fault =>
  eachImage((image, band) => image.map((flux) => change(flux, band)));

/** Band `order[k]` in place k. */
export const imageBands =
  (order: readonly number[]): Fault =>
  (batch) => {
    const images = new Float32Array(batch.images.length);
    for (let at = 0; at * PIXELS < images.length; at++) {
      const from = at - (at % BANDS) + (order[at % BANDS] ?? NaN);
      images.set(batch.images.subarray(from * PIXELS, (from + 1) * PIXELS), at * PIXELS);
    }
    return { ...batch, images };
  };

export const magnitudeBands =
  (order: readonly number[]): Fault =>
  (batch) => ({
    ...batch,
    magnitudes: batch.magnitudes.map(
      (_, at) => batch.magnitudes[at - (at % BANDS) + (order[at % BANDS] ?? NaN)] ?? NaN,
    ),
  });

export const scaled = (factor: number): Fault => eachPixel((flux) => flux * factor);

/** Galaxies with a magnitude within a range only. */
export function only(batch: PartitionBatch, band: number, least: number, most: number): PartitionBatch {
  const kept = Array.from({ length: batch.count }, (_, galaxy) => galaxy).filter((galaxy) => {
    const magnitude = batch.magnitudes[galaxy * BANDS + band] ?? NaN;
    return magnitude >= least && magnitude < most;
  });
  const images = new Float32Array(kept.length * BANDS * PIXELS);
  const magnitudes = new Float64Array(kept.length * BANDS);
  kept.forEach((galaxy, place) => {
    images.set(batch.images.subarray(galaxy * BANDS * PIXELS, (galaxy + 1) * BANDS * PIXELS), place * BANDS * PIXELS);
    magnitudes.set(batch.magnitudes.subarray(galaxy * BANDS, (galaxy + 1) * BANDS), place * BANDS);
  });
  return { from: 0, count: kept.length, images, magnitudes, redshift: new Float64Array(kept.length) };
}

/** What right data may hold besides. */
export const HARMLESS: Readonly<Record<string, Fault>> = {
  'as they are': (batch) => batch,
  'every tenth galaxy with a placeholder': (batch) => ({
    ...batch,
    magnitudes: batch.magnitudes.map((magnitude, at) => (at % 50 === 3 ? -9999 : at % 50 === 7 ? 99 : magnitude)),
  }),
  'every tenth galaxy with NaN pixels': (batch) => ({
    ...batch,
    images: batch.images.map((flux, pixel) => (pixel % (10 * BANDS * PIXELS) < 600 ? NaN : flux)),
  }),
  'every fiftieth galaxy with one magnitude of another': (batch) => ({
    ...batch,
    magnitudes: batch.magnitudes.map((magnitude, at) => (at % 250 === 4 ? magnitude + 4 : magnitude)),
  }),
};

/** Each band in its camera's electrons. */
export const counts: Fault = eachPixel((flux, band) => flux * ([70, 240, 215, 170, 40][band] ?? NaN));

/** Other units and normalisations. */
export const OTHER_UNITS: Readonly<Record<string, Fault>> = {
  'times 255': scaled(255),
  'over 255': scaled(1 / 255),
  microjanskys: scaled(3.631),
  maggies: scaled(1e-9),
  counts,
  'each band of each image over its maximum': eachImage((image) => {
    const most = image.reduce((greater, flux) => Math.max(greater, flux), -Infinity);
    return image.map((flux) => flux / most);
  }),
  'each image over its maximum': (batch) => {
    const whole = BANDS * PIXELS;
    const images = batch.images.slice();
    for (let start = 0; start < images.length; start += whole) {
      const image = images.subarray(start, start + whole);
      const most = image.reduce((greater, flux) => Math.max(greater, flux), -Infinity);
      image.forEach((flux, pixel) => (image[pixel] = flux / most));
    }
    return { ...batch, images };
  },
  'standardised band by band': eachPixel(
    (flux, band) => (flux - ([0.05, 0.2, 0.4, 0.6, 0.7][band] ?? NaN)) / ([0.3, 1.2, 2.5, 3.6, 4.6][band] ?? NaN),
  ),
  'square root': eachPixel((flux) => Math.sign(flux) * Math.sqrt(Math.abs(flux))),
  'asinh of a hundredfold': eachPixel((flux) => Math.asinh(100 * flux)),
};

/** Magnitudes of the galaxies in reverse order. */
export const otherGalaxies: Fault = (batch) => ({
  ...batch,
  magnitudes: batch.magnitudes.map(
    (_, at) => batch.magnitudes[(batch.count - 1 - Math.floor(at / BANDS)) * BANDS + (at % BANDS)] ?? NaN,
  ),
});

export function permutations(values: readonly number[]): number[][] {
  if (values.length === 0) return [[]];
  return values.flatMap((value, place) => permutations(values.toSpliced(place, 1)).map((rest) => [value, ...rest]));
}
