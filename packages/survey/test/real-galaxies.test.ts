import { createReadStream, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Catalogue, readCatalogue, simulateSurvey } from '../src/index.ts';

const REAL = fileURLToPath(new URL('../../../../shared/data/catalog/sdss_main_galaxies.csv', import.meta.url));
/** Rows the survey was fitted to; those after them it has never seen. */
const FITTED = 8000;

const present = existsSync(REAL);
if (!present) console.warn(`skipped: comparison with real galaxies, because ${REAL} is not there`);

/** Largest distance between two empirical distribution functions (Kolmogorov and Smirnov). */
function distance(first: number[], second: number[]): number {
  const a = first.toSorted((x, y) => x - y);
  const b = second.toSorted((x, y) => x - y);
  let [i, j, largest] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const x = Math.min(a[i]!, b[j]!);
    while (i < a.length && a[i]! <= x) i++;
    while (j < b.length && b[j]! <= x) j++;
    largest = Math.max(largest, Math.abs(i / a.length - j / b.length));
  }
  return largest;
}

interface Galaxy {
  readonly redshift: number;
  readonly magnitudes: readonly number[];
}

const QUANTITIES: Record<string, (galaxy: Galaxy) => number> = {
  'u-g': ({ magnitudes }) => magnitudes[0]! - magnitudes[1]!,
  'g-r': ({ magnitudes }) => magnitudes[1]! - magnitudes[2]!,
  'r-i': ({ magnitudes }) => magnitudes[2]! - magnitudes[3]!,
  'i-z': ({ magnitudes }) => magnitudes[3]! - magnitudes[4]!,
  r: ({ magnitudes }) => magnitudes[2]!,
  z: ({ redshift }) => redshift,
};
/** Two samples of one distribution of 1,988 and 4,000 galaxies are further apart than 0.045 once in a hundred times. */
const BOUND = 0.06;

(present ? describe : describe.skip)('simulated and real galaxies', () => {
  let real: Galaxy[];
  let simulated: Galaxy[];

  beforeAll(async () => {
    const catalogue: Catalogue = await readCatalogue(createReadStream(REAL), REAL);
    real = Array.from({ length: catalogue.rows - FITTED }, (_, k) => catalogue.photometry(FITTED + k));
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

  it.each(Object.keys(QUANTITIES))('have the same distribution of %s', (name) => {
    const quantity = QUANTITIES[name]!;
    expect(distance(real.map(quantity), simulated.map(quantity))).toBeLessThan(BOUND);
  });

  it('have the same colours at the same redshift', () => {
    for (const [low, high] of [
      [0.04, 0.07],
      [0.08, 0.11],
      [0.13, 0.17],
    ] as const) {
      const inside = ({ redshift }: Galaxy): boolean => redshift >= low && redshift < high;
      const median = (galaxies: Galaxy[]): number =>
        galaxies
          .filter(inside)
          .map(QUANTITIES['g-r']!)
          .sort((a, b) => a - b)[Math.floor(galaxies.filter(inside).length / 2)]!;
      expect(Math.abs(median(real) - median(simulated))).toBeLessThan(0.03);
    }
  });

  it('differ from a survey whose colours are off by 0.05 mag', () => {
    const quantity = QUANTITIES['g-r']!;
    const shifted = simulated.map((galaxy) => quantity(galaxy) + 0.05);
    expect(distance(real.map(quantity), shifted)).toBeGreaterThan(BOUND);
  });
});
