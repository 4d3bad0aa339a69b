import { bootstrapInterval, median, normalQuantile, quantile, seededRandom } from '../src/index.ts';

describe('statistics', () => {
  it("give NumPy's quantiles", () => {
    expect(quantile([3, 1, 2, 10], 0.9)).toBeCloseTo(7.9, 12);
    expect(median([3, 1, 2, 10])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  it('give quantiles of the normal distribution', () => {
    const expected = { 0.5: 0, 0.95: 1.644853627, 0.05: -1.644853627, 0.01: -2.326347874, 0.999: 3.090232306 };
    for (const [share, value] of Object.entries(expected)) expect(normalQuantile(Number(share))).toBeCloseTo(value, 7);
  });

  it('bootstrap an interval that is the same with the same seed and covers the true median about as often as it says', () => {
    const normalish = seededRandom(9);
    let covered = 0;
    for (let trial = 0; trial < 200; trial++) {
      const values = Array.from({ length: 25 }, () => normalish() + normalish() + normalish());
      const { low, high } = bootstrapInterval(values, { random: seededRandom(trial), resamples: 200 })!;
      if (low <= 1.5 && 1.5 <= high) covered++;
    }
    expect(covered / 200).toBeGreaterThan(0.88);
    expect(covered / 200).toBeLessThanOrEqual(1);
    const again = () => bootstrapInterval([1, 2, 4], { random: seededRandom(1) });
    expect(again()).toEqual(again());
    expect(bootstrapInterval([1], { random: seededRandom(1) })).toBeNull();
  });
});
