import { log } from './portable-math.ts';

// Taken out of the global object once: looking them up there takes longer than they do.
const { sqrt } = Math;

const TWO_TO_MINUS_32 = 1 / 4294967296;

/**
 * Standard normal quantile of (word + 1/2) / 2^32, relative error about 1e-7: algorithm AS 241, PPND7 (Wichura 1988, Applied
 * Statistics 37, 477). Rational functions, and for 15 % of the words a logarithm and a square root.
 */
export function normalQuantile(word: number): number {
  const p = (word + 0.5) * TWO_TO_MINUS_32;
  const q = p - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    const r = 0.180625 - q * q;
    return (
      (q * (((59.10937472 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179)) /
      (((67.1875636 * r + 78.757757664) * r + 17.895169469) * r + 1)
    );
  }
  const tail = sqrt(-log(q < 0 ? p : 1 - p));
  const value = tail <= 5 ? nearTail(tail - 1.6) : farTail(tail - 5);
  return q < 0 ? -value : value;
}

function nearTail(r: number): number {
  return (
    (((0.17023821103 * r + 1.3067284816) * r + 2.75681539) * r + 1.4234372777) /
    ((0.12021132975 * r + 0.7370016425) * r + 1)
  );
}

function farTail(r: number): number {
  return (
    (((0.017337203997 * r + 0.42868294337) * r + 3.081226386) * r + 6.657905115) /
    ((0.012258202635 * r + 0.24197894225) * r + 1)
  );
}
