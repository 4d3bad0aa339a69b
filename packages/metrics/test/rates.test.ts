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

  it('count the bits of image and magnitudes: 20,520 bytes a galaxy', () => {
    expect(BITS_PER_SAMPLE / 8).toBe(20_520);
  });
});
