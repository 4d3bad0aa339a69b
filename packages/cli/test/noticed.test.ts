import { describeNoticed } from '../src/run/describe-run.ts';

it('flags and remarks of a rank or a run are told, and nothing where there are none', () => {
  const flagged = { galaxies: 1, by_flag: { input_not_finite: 1 } };
  const parts = describeNoticed({ samples: 4, flagged, warnings: ['1 cutout'], not_checked: ['2.pt'] });
  expect(parts).toEqual([
    expect.stringMatching(/input_not_finite\s+1\s+25/),
    expect.stringMatching(/^Not checked:\n\s*2\.pt$/),
    expect.stringMatching(/^Warnings:\n\s*1 cutout$/),
  ]);
  expect(describeNoticed({ samples: 4, flagged: { galaxies: 0, by_flag: {} }, warnings: [] })).toEqual([]);
});
