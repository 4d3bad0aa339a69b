import { binnedChange, binTables, scoresChangeTable, toldChange } from '../src/index.ts';

/** Ten galaxies, the faint ones changed; r magnitudes 11 to 20. */
const places = Array.from({ length: 10 }, (_, place) => place);
const zSpec = places.map((place) => 0.05 * (place + 1));
const before = zSpec.map((z, place) => z + (place % 2 === 0 ? 0.01 : -0.02));
const after = before.map((z, place) => z + (place >= 8 ? 0.002 : 0));
const features = ['mag_u', 'mag_g', 'mag_r', 'mag_i', 'mag_z'];
const magnitudes = places.flatMap((place) => [20, 20, place + 11, 20, 20]);

describe('the change by redshift and magnitude', () => {
  it('is in five bins of as many galaxies each, and says where it is', () => {
    const { redshift, magnitude } = binnedChange({ zSpec, before, after, magnitudes, features });
    for (const bins of [redshift, magnitude]) {
      expect(bins.map(({ change }) => change.galaxies)).toEqual([2, 2, 2, 2, 2]);
      expect(bins.map(({ change }) => change.maxDz > 0)).toEqual([false, false, false, false, true]);
    }
    expect([magnitude[0]!.from, magnitude.at(-1)!.to]).toEqual([11, 20]);
    expect([redshift[0]!.from, redshift.at(-1)!.to]).toEqual([zSpec[0], zSpec.at(-1)]);
  });

  it('leaves out what has no redshift, or no magnitude', () => {
    const odd = {
      zSpec: [NaN, ...zSpec.slice(1)],
      before,
      after,
      magnitudes: magnitudes.map((value, at) => (at === 5 * 9 + 2 ? 99 : value)),
      features,
    };
    const { redshift, magnitude } = binnedChange(odd);
    const total = (bins: typeof redshift) => bins.reduce((sum, { change }) => sum + change.galaxies, 0);
    expect([total(redshift), total(magnitude)]).toEqual([9, 9]);
    expect(magnitude.at(-1)!.to).toBe(19);
  });

  it('is one bin where all galaxies are alike, and none where there are none', () => {
    const alike = {
      zSpec: places.map(() => 0.1),
      before,
      after,
      magnitudes: places.flatMap(() => [20, 20, 20, 20, 20]),
      features,
    };
    const { redshift, magnitude } = binnedChange(alike);
    expect([redshift, magnitude].map((bins) => bins.map(({ change }) => change.galaxies))).toEqual([[10], [10]]);
    expect(redshift[0]!.change.intervals).toBeNull();
    expect(binnedChange({ zSpec: [], before: [], after: [], magnitudes: [], features })).toEqual({
      redshift: [],
      magnitude: [],
      band: 'mag_r',
    });
  });

  it.each([
    [['r'], 'r'],
    [['g-r', 'size', 'R_CMODEL_mag'], 'R_CMODEL_mag'],
    [['g', 'radius'], undefined],
    [[], undefined],
  ])('goes by the feature that is the r band, of %j', (names, band) => {
    const values = places.flatMap((place) => names.map((_, at) => 15 + place + at));
    const bins = binnedChange({ zSpec, before, after, magnitudes: values, features: names });
    expect([bins.band, bins.magnitude.length]).toEqual([band, band === undefined ? 0 : 5]);
    expect(binTables(bins).map(({ title }) => title)).toEqual(['By z', ...(band === undefined ? [] : [`By ${band}`])]);
  });
});

describe('the tables of a change', () => {
  it('have a row for each score, with how well each is known', () => {
    const { columns, rows } = scoresChangeTable(toldChange({ zSpec, before, after }, 50));
    expect(rows.map(([name]) => name)).toEqual(['MAE', 'NMAD', 'R2', 'outliers, |dz| > 0.05']);
    for (const row of rows) expect(row).toHaveLength(columns.length);
    expect(rows[0]!.slice(1, 3)).toEqual(['0.01500', expect.stringMatching(/^\[0\.01\d+, 0\.01\d+\]$/)]);
    expect(rows[3]!.slice(5)).toEqual(['0', '[0, 0]']);
  });

  it('have a row for each bin', () => {
    const [byRedshift, byMagnitude] = binTables(binnedChange({ zSpec, before, after, magnitudes, features }));
    expect(byRedshift!.rows.map(([, galaxies]) => galaxies)).toEqual(['2', '2', '2', '2', '2']);
    expect(byMagnitude!.rows.at(-1)!.slice(0, 4)).toEqual(['18.20 to 20.00', '2', '2.0e-3', '2.0e-3']);
  });

  it('leave out what is not known', () => {
    const { rows } = scoresChangeTable(toldChange({ zSpec: [0.1], before: [0.1], after: [0.1] }));
    expect(rows[2]).toEqual(['R2', '–', '–', '–', '–', '–', '–']);
    expect(rows[0]).toEqual(['MAE', '0.00000', '–', '0.00000', '–', '0', '–']);
  });
});
