import { simulateSurvey } from '../src/index.ts';
import real from './real-quantiles.json' with { type: 'json' };

/**
 * Kolmogorov's and Smirnov's distance of a sample from a distribution known by equally spaced quantiles: exact at these, and
 * at most one step more between them.
 */
function distance(sample: readonly number[], quantiles: readonly number[]): number {
  const last = quantiles.length - 1;
  return Math.max(
    ...quantiles.map((bound, k) =>
      Math.abs(sample.filter((value) => value <= bound).length / sample.length - k / last),
    ),
  );
}

interface Galaxy {
  readonly redshift: number;
  readonly magnitudes: readonly number[];
}

const QUANTITIES = {
  'u-g': ({ magnitudes }: Galaxy) => magnitudes[0]! - magnitudes[1]!,
  'g-r': ({ magnitudes }: Galaxy) => magnitudes[1]! - magnitudes[2]!,
  'r-i': ({ magnitudes }: Galaxy) => magnitudes[2]! - magnitudes[3]!,
  'i-z': ({ magnitudes }: Galaxy) => magnitudes[3]! - magnitudes[4]!,
  r: ({ magnitudes }: Galaxy) => magnitudes[2]!,
  z: ({ redshift }: Galaxy) => redshift,
};
const NAMES = Object.keys(QUANTITIES) as (keyof typeof QUANTITIES)[];
/** Two samples of one distribution of 1,988 and 4,000 galaxies are further apart than 0.045 once in a hundred times. */
const BOUND = 0.06;

describe('simulated galaxies, beside real ones that the fit has not seen', () => {
  let simulated: Galaxy[];

  beforeAll(() => {
    simulated = [];
    for (const batch of simulateSurvey({ count: 4000, seed: 31 })) {
      for (let k = 0; k < batch.count; k++) {
        simulated.push({
          redshift: batch.redshift[k]!,
          magnitudes: [...batch.magnitudes.subarray(k * 5, k * 5 + 5)],
        });
      }
    }
  });

  it.each(NAMES)('have the same distribution of %s', (name) => {
    expect(distance(simulated.map(QUANTITIES[name]), real.quantiles[name])).toBeLessThan(BOUND);
  });

  it.each(real.colourAtRedshift)('have the same colour at redshifts $from to $to', ({ from, to, median }) => {
    const colours = simulated
      .filter(({ redshift }) => redshift >= from && redshift < to)
      .map(QUANTITIES['g-r'])
      .sort((a, b) => a - b);
    expect(Math.abs(colours[Math.floor(colours.length / 2)]! - median)).toBeLessThan(0.03);
  });

  it('would be told from them if their colours were off by 0.05 mag', () => {
    const shifted = simulated.map((galaxy) => QUANTITIES['g-r'](galaxy) + 0.05);
    expect(distance(shifted, real.quantiles['g-r'])).toBeGreaterThan(BOUND);
  });
});
