/* eslint-disable @typescript-eslint/no-non-null-assertion -- indices stay below the length of an array that isn't empty */
/** Makes the median absolute deviation of a normal distribution its standard deviation; the field rounds 1.4826 to this. */
export const NMAD_FACTOR = 1.48;

/** The middle value, or the mean of the two middle values. NaN of no values. Sorts the array in place. */
export function medianInPlace(values: Float64Array): number {
  if (values.length === 0) return NaN;
  values.sort();
  const middle = values.length >> 1;
  return values.length % 2 === 1 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2;
}

/**
 * Normalised median absolute deviation, 1.48 * median|dz - median dz|: the Precision of the published tables.
 *
 * @param residuals dz = (z_pred - z_spec) / (1 + z_spec), finite; left as they are
 * @returns NaN of no values
 */
export function nmad(residuals: Float64Array): number {
  const values = residuals.slice();
  const centre = medianInPlace(values);
  for (let at = 0; at < values.length; at++) values[at] = Math.abs(values[at]! - centre);
  return NMAD_FACTOR * medianInPlace(values);
}
