import { pairedIntervals, PredictionMetrics, seededRandom, standardNormal } from '../src/index.ts';
import { scoresOfRows } from '../src/paired-intervals.ts';

/** Galaxies whose redshifts are known to 0.02, and to a little less the second time. */
function galaxies(count: number, noise = 1e-5) {
  const random = seededRandom(5);
  const zSpec = Float64Array.from({ length: count }, () => 0.05 + 0.3 * random());
  const before = zSpec.map((z) => z + 0.02 * standardNormal(random));
  return { zSpec, before, after: before.map((z) => z + noise * standardNormal(random)) };
}

describe('intervals of two predictions of the same galaxies', () => {
  const { zSpec, before, after } = galaxies(400);

  it('are those of the scores that PredictionMetrics has', () => {
    const metrics = new PredictionMetrics();
    metrics.addAll(zSpec, before);
    const all = Uint32Array.from(zSpec.keys());
    const scores = metrics.finish();
    for (const [name, value] of Object.entries(scoresOfRows(zSpec, before, all)))
      expect(value).toBeCloseTo(scores[name as 'mae']!, 12);
    expect(scores.outlier_fraction_005).toBeGreaterThan(0);
  });

  it('hold the score, and are narrow for what differs between the two', () => {
    const found = pairedIntervals({ zSpec, before, after }, { random: seededRandom(1), resamples: 200 })!;
    const { mae } = scoresOfRows(zSpec, before, Uint32Array.from(zSpec.keys()));
    expect(found.before.mae.low).toBeLessThan(mae);
    expect(found.before.mae.high).toBeGreaterThan(mae);
    const width = ({ low, high }: { low: number; high: number }) => high - low;
    expect(width(found.change.mae)).toBeLessThan(width(found.after.mae) / 100);
    // The standard error of a mean of 400 half-normal values of 0.02.
    expect(width(found.before.mae) / (2 * 1.96 * 0.02 * Math.sqrt((1 - 2 / Math.PI) / 400))).toBeCloseTo(1, 0);
  });

  it('see a change for the worse', () => {
    const worse = galaxies(400, 0.02);
    const { change } = pairedIntervals(worse, { random: seededRandom(1), resamples: 200 })!;
    expect(change.mae.low).toBeGreaterThan(0);
    expect(change.r2.high).toBeLessThan(0);
  });

  it('are the same each time', () => {
    const once = () => pairedIntervals(galaxies(20), { random: seededRandom(1), resamples: 50 });
    expect(once()).toEqual(once());
  });

  it('are none of one galaxy, or at one redshift', () => {
    const options = { random: seededRandom(1), resamples: 10 };
    expect(pairedIntervals(galaxies(1), options)).toBeNull();
    const at = Float64Array.of(0.1, 0.1);
    expect(pairedIntervals({ zSpec: at, before: at, after: at }, options)).toBeNull();
  });
});
