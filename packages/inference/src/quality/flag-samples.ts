import { ASTROMAE, isPlaceholderMagnitude, isUsableTruth, QUALITY_FLAGS, type TrainedRanges } from '@cosmicai/payload';
import type { Galaxies } from '@cosmicai/samples';

/** Where the model's own range is unknown: photometric redshifts scatter a little below 0, and none has been made beyond 12. */
const PLAUSIBLE_REDSHIFT = [-0.05, 12] as const;
/** Part of the trained range that a value may lie beyond it. */
const MARGIN = 0.05;

/** Flags of each galaxy that its inputs give, before anything is predicted. A truth that nobody knows is none that is wrong. */
export function flagInputs(
  { count, images, magnitudes, redshift }: Omit<Galaxies, 'from'>,
  trained: TrainedRanges | undefined,
  bands: number = ASTROMAE.image.bands.length,
): Uint16Array {
  const flags = new Uint16Array(count);
  const pixels = images.length / count;
  const features = magnitudes.length / count;
  const ranges = trained?.magnitudes.map(widened);
  for (let galaxy = 0; galaxy < count; galaxy++) {
    flags[galaxy] =
      flagsOfImage(images.subarray(galaxy * pixels, (galaxy + 1) * pixels), bands) |
      flagsOfMagnitudes(magnitudes.subarray(galaxy * features, (galaxy + 1) * features), ranges) |
      (redshift === null || isUsableTruth(redshift[galaxy] ?? NaN) ? 0 : QUALITY_FLAGS.truth_unusable.bit);
  }
  return flags;
}

/** Adds the flags that the predictions give. */
export function flagPredictions(
  flags: Uint16Array,
  zPred: ArrayLike<number>,
  trained: TrainedRanges | undefined,
): void {
  const [low, high] = trained === undefined ? PLAUSIBLE_REDSHIFT : widened(trained.redshift);
  for (let galaxy = 0; galaxy < flags.length; galaxy++) {
    const z = Number(zPred[galaxy]);
    const found = !Number.isFinite(z)
      ? QUALITY_FLAGS.prediction_not_finite.bit
      : z < low || z > high
        ? QUALITY_FLAGS.prediction_out_of_range.bit
        : 0;
    flags[galaxy] = (flags[galaxy] ?? 0) | found;
  }
}

/** Adds the flag of predictions with a number that is not finite. @param values as many for each galaxy, row-major */
export function flagNotFinite(flags: Uint16Array, values: Float32Array): void {
  const width = values.length / flags.length;
  for (const [at, value] of values.entries()) {
    if (Number.isFinite(value)) continue;
    const galaxy = Math.floor(at / width);
    flags[galaxy] = (flags[galaxy] ?? 0) | QUALITY_FLAGS.prediction_not_finite.bit;
  }
}

function flagsOfImage(image: Float32Array, bands: number): number {
  const size = image.length / bands;
  let flags = 0;
  for (let band = 0; band < bands; band++) {
    let least = Infinity;
    let most = -Infinity;
    let sum = 0;
    for (let at = band * size; at < (band + 1) * size; at++) {
      const pixel = image[at] ?? NaN;
      sum += pixel;
      if (pixel < least) least = pixel;
      if (pixel > most) most = pixel;
    }
    // Infinite pixels of both signs cancel to NaN, and finite ones of float32 never overflow a double.
    if (!Number.isFinite(sum)) flags |= QUALITY_FLAGS.input_not_finite.bit;
    else if (least === most) flags |= QUALITY_FLAGS.image_blank.bit;
    else if (most < 0) flags |= QUALITY_FLAGS.image_negative.bit;
  }
  return flags;
}

/** @param ranges of each magnitude, with their margins; undefined where nobody knows them */
function flagsOfMagnitudes(
  magnitudes: Float64Array,
  ranges: readonly (readonly [number, number])[] | undefined,
): number {
  let flags = 0;
  for (const [band, magnitude] of magnitudes.entries()) {
    if (!Number.isFinite(magnitude)) flags |= QUALITY_FLAGS.input_not_finite.bit;
    else if (isPlaceholderMagnitude(magnitude)) flags |= QUALITY_FLAGS.magnitude_placeholder.bit;
    else {
      const range = ranges?.[band];
      if (range === undefined) continue;
      const [low, high] = range;
      if (magnitude < low || magnitude > high) flags |= QUALITY_FLAGS.magnitude_outside_training.bit;
    }
  }
  return flags;
}

function widened([low, high]: readonly [number, number]): readonly [number, number] {
  const margin = MARGIN * (high - low);
  return [low - margin, high + margin];
}
