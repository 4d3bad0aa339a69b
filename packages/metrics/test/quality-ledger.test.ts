import { describeFlags, QualityLedger, qualityFailure } from '../src/index.ts';

const BLANK = 8;
const NOT_FINITE = 32;
const NO_TRUTH = 128;

function ledgerOf(rows: readonly (readonly [number, number, number])[]): QualityLedger {
  const ledger = new QualityLedger();
  for (const row of rows) ledger.add(...row);
  return ledger;
}

describe('a quality ledger', () => {
  it('counts galaxies by flag, and scores all with a usable truth, and those without any flag', () => {
    const { flagged, prediction_scores, prediction_scores_unflagged } = ledgerOf([
      [0.1, 0.12, 0],
      [0.2, 0.2, 0],
      [0.1, 40, BLANK],
      [9999, 0.1, NO_TRUTH],
      [99, NaN, NO_TRUTH | NOT_FINITE],
    ]).finish();
    expect(flagged).toEqual({
      galaxies: 3,
      by_flag: { image_blank: 1, prediction_not_finite: 1, truth_unusable: 2 },
    });
    expect(prediction_scores).toMatchObject({ count: 3, excluded: 2 });
    expect(prediction_scores.mae).toBeCloseTo((0.02 + 0 + 39.9) / 3, 12);
    expect(prediction_scores_unflagged).toMatchObject({ count: 2, excluded: 0 });
    expect(prediction_scores_unflagged.mae).toBeCloseTo(0.01, 12);
    expect(describeFlags(flagged)).toBe('2 truth_unusable, 1 image_blank, 1 prediction_not_finite');
  });

  it('holds nothing against a galaxy whose truth nobody knows, and tells N(z) in place of its accuracy', () => {
    const ledger = new QualityLedger();
    ledger.addAll(null, [0.105, 0.108, NaN], [0, BLANK, NOT_FINITE]);
    const { prediction_scores, flagged, without_truth, redshift_histogram } = ledger.finish();
    expect(prediction_scores).toMatchObject({ count: 0, excluded: 3, mae: null, precision: null });
    expect(flagged).toEqual({ galaxies: 2, by_flag: { image_blank: 1, prediction_not_finite: 1 } });
    expect(without_truth).toBe(3);
    expect(redshift_histogram).toEqual({ bin_width: 0.01, from: 0.1, counts: [2], outside: 1 });
    // Of some the truth is known: N(z) is of all, the accuracy of those.
    ledger.add(0.2, 0.21, 0);
    expect(ledger.finish()).toMatchObject({ without_truth: 3, prediction_scores: { count: 1, excluded: 3 } });
    expect(ledger.finish().redshift_histogram?.counts.at(-1)).toBe(1);
  });

  it('tells no N(z) where every truth is known', () => {
    expect(Object.keys(ledgerOf([[0.1, 0.12, 0]]).finish())).toEqual([
      'prediction_scores',
      'prediction_scores_unflagged',
      'flagged',
    ]);
  });

  it('refuses columns of different lengths', () => {
    expect(() => new QualityLedger().addAll([1, 2], [1, 2], [0])).toThrow(
      new RangeError('2 redshifts, 2 predictions, 1 flags'),
    );
    expect(() => new QualityLedger().addAll([1, 2], [1], [0, 0])).toThrow(RangeError);
    expect(() => new QualityLedger().addAll(null, [1], [0, 0])).toThrow(RangeError);
  });

  it('takes columns as it takes rows', () => {
    const rows = [
      [0.1, 0.12, 0],
      [0.2, 0.3, BLANK],
      [0.3, 0.3, BLANK | NOT_FINITE],
    ] as const;
    const ledger = new QualityLedger();
    ledger.addAll(...([0, 1, 2].map((column) => rows.map((row) => row[column]!)) as [number[], number[], number[]]));
    expect(ledger.finish()).toEqual(ledgerOf(rows).finish());
    expect(ledger.galaxies).toBe(3);
    expect(ledger.finish().flagged).toEqual({ galaxies: 2, by_flag: { image_blank: 2, prediction_not_finite: 1 } });
  });

  it('counts truths that are of no use in no score', () => {
    const { prediction_scores, prediction_scores_unflagged } = ledgerOf([
      [0.1, 0.2, NO_TRUTH],
      [NaN, 0.2, 0],
    ]).finish();
    expect(prediction_scores).toMatchObject({ count: 0, excluded: 2 });
    expect(prediction_scores_unflagged).toMatchObject({ count: 0, excluded: 1 });
  });
});

describe('the quality of a run', () => {
  const poor = { samples: 10, flagged: { galaxies: 4, by_flag: { image_blank: 4 } } };

  it('is good enough up to the percentage that may be flagged', () => {
    expect(qualityFailure(poor, 40)).toBeUndefined();
    expect(qualityFailure(poor, 39.9)).toEqual({
      error: 'TooManyFlagged',
      cause: '4 of 10 galaxies (40.0 %) are flagged, more than max_flagged (39.9 %) allows: 4 image_blank.',
    });
  });

  it('is not when no prediction is finite, whatever may be flagged', () => {
    const none = { samples: 10, flagged: { galaxies: 10, by_flag: { prediction_not_finite: 10 } } };
    expect(qualityFailure(none, 100)).toEqual({
      error: 'NoFinitePrediction',
      cause:
        'The model answered no finite number for any of 10 galaxies. Check that it is the model for these data: cosmicai model inspect.',
    });
    expect(qualityFailure({ samples: 11, flagged: none.flagged }, 100)).toBeUndefined();
    expect(qualityFailure({ samples: 0, flagged: { galaxies: 0, by_flag: {} } }, 0)).toBeUndefined();
  });
});
