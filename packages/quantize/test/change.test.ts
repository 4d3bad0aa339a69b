import { changeOf, tooLarge } from '../src/index.ts';

const zSpec = [0.1, 0.2, 0.3, 0.4];
const LIMITS = { maxChange: 1e-3, maxNmadChange: 0.01 };

describe('what another arithmetic changes', () => {
  it('is told by its largest, its mean, and in units of 1+z', () => {
    const change = changeOf({ before: [0.1, 0.2, 0.3, 1], after: [0.1, 0.2002, 0.3, 1.001], zSpec });
    expect(change).toMatchObject({ galaxies: 4, before: { count: 4 }, after: { count: 4 } });
    expect(change.maxDz).toBeCloseTo(1e-3, 12);
    expect(change.meanDz).toBeCloseTo(3e-4, 12);
    expect(change.maxRelativeDz).toBeCloseTo(5e-4, 12);
    expect(tooLarge(change, { ...LIMITS, maxNmadChange: 1 })).toBeUndefined();
  });

  it('is too large beyond the limit of one galaxy', () => {
    const change = changeOf({ before: zSpec, after: [0.1, 0.2, 0.3, 0.41], zSpec });
    expect(tooLarge(change, LIMITS)).toMatch(
      /^a galaxy's redshift changes by 7\.1e-3 \(1\+z\); allowed: 1\.0e-3 \(--max-change\)$/,
    );
  });

  it('is too large where no number is left, and where there was none', () => {
    for (const [before, after] of [
      [0.4, NaN],
      [NaN, 0.4],
    ] as const) {
      const change = changeOf({ before: [0.1, 0.2, 0.3, before], after: [0.1, 0.2, 0.3, after], zSpec });
      expect(change.maxDz).toBe(Infinity);
      expect(tooLarge(change, LIMITS)).toContain('Infinity');
    }
  });

  it('is too large where the NMAD changes', () => {
    const before = [0.11, 0.19, 0.31, 0.39];
    const change = changeOf({ before, after: [0.1105, 0.1895, 0.3105, 0.3895], zSpec });
    expect(tooLarge(change, LIMITS)).toMatch(
      /^the NMAD changes by 5\.\d %, from 0\.\d+ to 0\.\d+; allowed: 1 % \(--max-nmad-change\)$/,
    );
  });
});
