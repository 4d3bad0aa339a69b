import type { PartitionBatch } from '@cosmicai/torchfile';
import { BAND_COUNT, R_BAND } from './bands.ts';
import type { Catalogue } from './catalogue.ts';
import { drawGalaxy } from './draw-galaxy.ts';
import { drawNeighbours } from './draw-neighbours.ts';
import { drawPhotometry } from './draw-photometry.ts';
import { GalaxyRandom } from './galaxy-random.ts';
import type { Photometry } from './galaxy.ts';
import { measureMagnitudes } from './measure-magnitudes.ts';
import { Camera } from './observe.ts';
import { drawConditions } from './point-spread.ts';
import { sourcesOf } from './source.ts';
import { CENTRAL_CROP, STAMP, WHOLE_STAMP } from './stamp.ts';
import { Purpose, randomKey } from './threefry.ts';

export interface SurveyOptions {
  /** Galaxies. */
  readonly count: number;
  /** 0 to 2^53 - 1. The same seed gives the same galaxies to the bit, on any machine, in any division into parts. */
  readonly seed: number;
  /** Index of the first galaxy, default 0: galaxies [start, start + count) of an endless survey. */
  readonly start?: number;
  /** Given photometry instead of drawn one: galaxy i shows row i modulo the number of rows, its magnitudes as they are. */
  readonly catalogue?: Catalogue;
  /** Whole stamps of 64 x 64 pixels instead of their central 32 x 32. */
  readonly wholeStamps?: boolean;
  /** Galaxies in a batch, default 64. */
  readonly batchSize?: number;
}

// Counters of the random numbers have 32 bits for the galaxy.
const MOST_GALAXIES = 2 ** 32;
const DEFAULT_BATCH = 64;

/**
 * Simulated galaxies in batches: images in nanomaggies [count, 5, 32, 32], magnitudes corrected for extinction [count, 5],
 * spectroscopic redshifts [count].
 *
 * @throws RangeError for numbers outside their range
 */
export function* simulateSurvey(options: SurveyOptions): Generator<PartitionBatch, void, undefined> {
  const { count, start = 0, batchSize = DEFAULT_BATCH } = options;
  for (const [name, value] of Object.entries({ count, start, batchSize })) {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} must be a whole number, not ${value}`);
  }
  if (batchSize === 0) throw new RangeError('batchSize must be at least 1');
  if (start + count > MOST_GALAXIES) throw new RangeError(`a survey has at most 2^32 galaxies, not ${start + count}`);
  const simulate = galaxySimulator(options);
  const window = options.wholeStamps === true ? WHOLE_STAMP : CENTRAL_CROP;
  const pixels = BAND_COUNT * window.side * window.side;
  for (let from = 0; from < count; from += batchSize) {
    const size = Math.min(batchSize, count - from);
    const images = new Float32Array(size * pixels);
    const magnitudes = new Float64Array(size * BAND_COUNT);
    const redshift = new Float64Array(size);
    for (let k = 0; k < size; k++) {
      const galaxy = simulate(start + from + k, images.subarray(k * pixels, (k + 1) * pixels));
      magnitudes.set(galaxy.magnitudes, k * BAND_COUNT);
      redshift[k] = galaxy.redshift;
    }
    yield { from, count: size, images, magnitudes, redshift };
  }
}

interface Measured {
  readonly magnitudes: readonly number[];
  readonly redshift: number;
}

function galaxySimulator(options: SurveyOptions): (index: number, images: Float32Array) => Measured {
  const key = randomKey(options.seed);
  const properties = new GalaxyRandom(key, Purpose.properties);
  const neighbours = new GalaxyRandom(key, Purpose.neighbours);
  const errors = new GalaxyRandom(key, Purpose.errors);
  const camera = new Camera(key, options.wholeStamps === true ? WHOLE_STAMP : CENTRAL_CROP);
  const { catalogue } = options;

  return (index, images) => {
    properties.start(index);
    const photometry: Photometry =
      catalogue === undefined ? drawPhotometry(properties) : catalogue.photometry(index % catalogue.rows);
    const galaxy = drawGalaxy(photometry, properties);
    const conditions = drawConditions(properties);
    // The pixel that holds the galaxy's centre is the first of the stamp's upper right quarter.
    const x = STAMP / 2 + properties.uniform() - 0.5;
    const y = STAMP / 2 + properties.uniform() - 0.5;
    const observedR = photometry.magnitudes[R_BAND] + photometry.extinction[R_BAND];
    const sources = [...sourcesOf(galaxy, x, y), ...drawNeighbours(observedR, neighbours.start(index))];
    camera.observe(index, sources, conditions, images);
    const measured =
      catalogue === undefined ? measureMagnitudes(photometry, errors.start(index)) : photometry.magnitudes;
    return { magnitudes: measured, redshift: photometry.redshift };
  };
}
