/* eslint-disable @typescript-eslint/no-non-null-assertion -- indices stay below the length of an array that isn't empty */
/** Makes the median absolute deviation of a normal distribution its standard deviation; the field rounds 1.4826 to this. */
export const NMAD_FACTOR = 1.48;

/**
 * Normalised median absolute deviation, 1.48 * median|dz - median dz|: the Precision of the published tables.
 *
 * @param residuals dz = (z_pred - z_spec) / (1 + z_spec), finite; left as they are
 * @returns NaN of no values
 */
export function nmad(residuals: Float64Array): number {
  return nmadOfSorted(residuals.slice().sort());
}

/** The same of residuals that ascend; takes no memory beside them. */
export function nmadOfSorted(ascending: Float64Array): number {
  const count = ascending.length;
  if (count === 0) return NaN;
  const middle = count >> 1;
  const centre = count % 2 === 1 ? ascending[middle]! : (ascending[middle - 1]! + ascending[middle]!) / 2;
  // Deviations ascend from the centre outwards, on either side; half of all are taken.
  let above = middle;
  let below = above - 1;
  let [last, before] = [0, 0];
  for (let taken = 0; taken <= middle; taken++) {
    const down = below < 0 ? Infinity : Math.abs(ascending[below]! - centre);
    const up = above >= count ? Infinity : Math.abs(ascending[above]! - centre);
    before = last;
    last = Math.min(down, up);
    if (down < up) below--;
    else above++;
  }
  return NMAD_FACTOR * (count % 2 === 1 ? last : (before + last) / 2);
}
