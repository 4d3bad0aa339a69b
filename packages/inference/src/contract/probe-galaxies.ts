import { ASTROMAE, type ModelSpec } from '@cosmicai/payload';
import type { Samples } from '../predictor.ts';

/** Knuth's multiplier and increment of a 64-bit linear congruential generator (MMIX), of which the upper half is taken. */
const MULTIPLIER = 6364136223846793005n;
const INCREMENT = 1442695040888963407n;
const SEED = 20n;

/** r-band magnitude and redshift-like colour differ from galaxy to galaxy; sizes are in pixels. */
const BRIGHTEST = 16.5;
const MAGNITUDE_STEP = 0.35;
/** Colours u-r, g-r, r-r, i-r, z-r of a galaxy in the middle of the survey. */
const COLOURS = [2.4, 0.9, 0, -0.4, -0.7];
const SKY_NOISE = 0.02;

/**
 * Galaxies to try a model with: round exponential discs with sky noise, in nanomaggies, and their magnitudes. The same on every
 * machine and at every call.
 */
export function probeGalaxies(count: number, { image, features }: ModelSpec = ASTROMAE): Samples {
  const next = numbers();
  const { side } = image;
  const bands = image.bands.length;
  const pixels = side * side;
  const images = new Float32Array(count * bands * pixels);
  const magnitudes = new Float64Array(count * features.length);
  for (let galaxy = 0; galaxy < count; galaxy++) {
    const scale = 1.5 + 2.5 * next();
    const r = BRIGHTEST + MAGNITUDE_STEP * galaxy + 0.2 * next();
    image.bands.forEach((_, band) => {
      const magnitude = r + (COLOURS[band] ?? 0) + 0.3 * (next() - 0.5);
      const row = galaxy * bands + band;
      for (let feature = band; feature < features.length; feature += bands)
        magnitudes[galaxy * features.length + feature] = magnitude;
      const peak = 10 ** ((22.5 - magnitude) / 2.5) / (2 * Math.PI * scale ** 2);
      for (let pixel = 0; pixel < pixels; pixel++) {
        const x = (pixel % side) - side / 2 + 0.5;
        const y = Math.floor(pixel / side) - side / 2 + 0.5;
        images[row * pixels + pixel] = peak * Math.exp(-Math.hypot(x, y) / scale) + SKY_NOISE * (next() - 0.5);
      }
    });
  }
  return { count, images, magnitudes };
}

/** Numbers of [0, 1) that follow from a seed. */
function numbers(): () => number {
  let state = SEED;
  return () => {
    state = BigInt.asUintN(64, state * MULTIPLIER + INCREMENT);
    return Number(state >> 32n) / 2 ** 32;
  };
}
