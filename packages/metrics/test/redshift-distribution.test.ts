import { coarser, quantileOf, RedshiftDistribution } from '../src/index.ts';

function histogramOf(redshifts: Iterable<number>) {
  const distribution = new RedshiftDistribution();
  for (const redshift of redshifts) distribution.add(redshift);
  return distribution.finish();
}

describe('N(z)', () => {
  it('counts redshifts in intervals of 0.01, from the first that holds one to the last', () => {
    expect(histogramOf([0.105, 0.1, 0.1099, 0.129, -0.005])).toEqual({
      bin_width: 0.01,
      from: -0.01,
      counts: [1, ...new Array<number>(10).fill(0), 3, 0, 1],
      outside: 0,
    });
  });

  it('leaves out what is no redshift, and says how many', () => {
    expect(histogramOf([NaN, Infinity, -Infinity, -1.5, 40, 0.5])).toMatchObject({ counts: [1], outside: 5 });
    expect(histogramOf([])).toEqual({ bin_width: 0.01, from: 0, counts: [], outside: 0 });
  });

  it('loses none in wider intervals, whose edges are multiples of their width', () => {
    const fine = histogramOf([-0.01, 0, 0.03, 0.04, 0.051, 0.08]);
    expect(coarser(fine, 4)).toEqual({ bin_width: 0.04, from: -0.04, counts: [1, 2, 2, 1], outside: 0 });
    expect(coarser(fine, 1)).toEqual({ ...fine, from: -0.01 });
  });

  it('knows quantiles to the width of an interval', () => {
    const histogram = histogramOf(Array.from({ length: 1000 }, (_, at) => (at + 0.5) / 1000));
    for (const share of [0, 0.05, 0.5, 0.95, 1]) expect(quantileOf(histogram, share)).toBeCloseTo(share, 9);
    expect(quantileOf(histogramOf([]), 0.5)).toBeUndefined();
  });
});
