/* eslint-disable @typescript-eslint/no-non-null-assertion -- the exponent is clamped to those of the table */
/**
 * exp and log from +, -, * and / alone. ECMAScript lets engines choose the last bits of Math.exp and Math.log; these give
 * the same bits everywhere, so that a seed means the same bytes on every machine. Error at most 2 units in the last place.
 */

// Taken out of the global object once: looking them up there takes longer than they do.
const { floor } = Math;

// ln 2 in two parts: the first has 32 significant bits, so that k times it is exact for the exponents of doubles.
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const LOG2_E = 1.4426950408889634;
const SQRT_HALF = 0.7071067811865476;
const LOWEST_EXPONENT = -1022;

/** 2^k for k from -1022 to 1023, by exact doubling. */
const POWERS_OF_TWO = powersOfTwo();

function powersOfTwo(): Float64Array {
  const powers = new Float64Array(2046);
  let power = 1;
  for (let k = 0; k <= 1023; k++, power *= 2) powers[k - LOWEST_EXPONENT] = power;
  power = 0.5;
  for (let k = -1; k >= LOWEST_EXPONENT; k--, power *= 0.5) powers[k - LOWEST_EXPONENT] = power;
  return powers;
}

/** e^x; 0 below -708, where results would be subnormal, Infinity above 709. */
export function exp(x: number): number {
  if (x < -708) return 0;
  if (x > 709) return Infinity;
  const k = floor(x * LOG2_E + 0.5);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  // Taylor series; |r| <= ln 2 / 2, so the first term left out is below 1e-17.
  let sum = 1 / 6227020800;
  sum = sum * r + 1 / 479001600;
  sum = sum * r + 1 / 39916800;
  sum = sum * r + 1 / 3628800;
  sum = sum * r + 1 / 362880;
  sum = sum * r + 1 / 40320;
  sum = sum * r + 1 / 5040;
  sum = sum * r + 1 / 720;
  sum = sum * r + 1 / 120;
  sum = sum * r + 1 / 24;
  sum = sum * r + 1 / 6;
  sum = sum * r + 0.5;
  sum = sum * r + 1;
  sum = sum * r + 1;
  return sum * POWERS_OF_TWO[k - LOWEST_EXPONENT]!;
}

/** ln x of a positive, finite x. */
export function log(x: number): number {
  let mantissa = x;
  let k = 0;
  while (mantissa < SQRT_HALF) {
    mantissa *= 2;
    k--;
  }
  while (mantissa >= 2 * SQRT_HALF) {
    mantissa *= 0.5;
    k++;
  }
  // ln m = 2 artanh((m - 1) / (m + 1)); |s| <= 0.172, so the first term left out is below 1e-18.
  const s = (mantissa - 1) / (mantissa + 1);
  const t = s * s;
  let sum = 1 / 23;
  sum = sum * t + 1 / 21;
  sum = sum * t + 1 / 19;
  sum = sum * t + 1 / 17;
  sum = sum * t + 1 / 15;
  sum = sum * t + 1 / 13;
  sum = sum * t + 1 / 11;
  sum = sum * t + 1 / 9;
  sum = sum * t + 1 / 7;
  sum = sum * t + 1 / 5;
  sum = sum * t + 1 / 3;
  sum = sum * t + 1;
  return k * LN2_HIGH + (k * LN2_LOW + 2 * s * sum);
}
