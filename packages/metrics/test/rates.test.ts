import { BITS_PER_SAMPLE, ratesOf } from '../src/index.ts';

describe('rates', () => {
  const work = (samples: number, seconds: number) => ({ samples, bits: samples * BITS_PER_SAMPLE, seconds });

  it('tell apart what is all called throughput', () => {
    const rates = ratesOf([work(1000, 5), work(1000, 10)], 20);

    expect(rates.perRank.map((rate) => rate?.samplesPerSecond)).toEqual([200, 100]);
    expect(rates.summedOverRanks.samplesPerSecond).toBe(300);
    expect(rates.bySlowestRank?.samplesPerSecond).toBe(200);
    expect(rates.byWallClock?.samplesPerSecond).toBe(100);
    expect(rates.byWallClock?.bitsPerSecond).toBe(100 * BITS_PER_SAMPLE);
    expect(rates.summedOverRanks.bitsPerSecond).toBe(300 * BITS_PER_SAMPLE);
    expect(ratesOf([work(1000, 5), work(0, 0)], 0)).toMatchObject({
      byWallClock: null,
      summedOverRanks: { samplesPerSecond: 200 },
    });
  });

  it('over no time are null, not infinite', () => {
    const rates = ratesOf([work(0, 0)]);

    expect(rates).toEqual({
      perRank: [null],
      summedOverRanks: { samplesPerSecond: 0, bitsPerSecond: 0 },
      bySlowestRank: null,
      byWallClock: null,
    });
  });

  it('are none over a time so short that no number holds them, and never infinite', () => {
    const rank = (seconds: number) => ({ samples: 100, bits: 1e300, seconds });
    expect(ratesOf([rank(5e-324)])).toMatchObject({ perRank: [null], bySlowestRank: null });
    const { summedOverRanks } = ratesOf([rank(1e-8), rank(1e-8)].map((each) => ({ ...each, bits: 1.7e300 })));
    expect(summedOverRanks.bitsPerSecond).toBe(Number.MAX_VALUE);
  });

  it('count the bits of image and magnitudes: 20,520 bytes a galaxy', () => {
    expect(BITS_PER_SAMPLE / 8).toBe(20_520);
  });
});
