import { RateMeter } from '../../src/progress/rate-meter.ts';

/** Looks twice a second from one second to another, while so many a second are counted. */
function count(meter: RateMeter, from: number, until: number, start: number, perSecond: number): number {
  for (let at = from; at <= until; at += 0.5) meter.look(at * 1000, start + (at - from) * perSecond);
  return start + (until - from) * perSecond;
}

describe('RateMeter', () => {
  it('knows no rate before there is work, nor at once afterwards', () => {
    const meter = new RateMeter();
    count(meter, 0, 20, 500, 0);
    expect(meter.rate(20_000)).toBeUndefined();
    meter.look(20_500, 600);
    expect(meter.rate(21_000)).toBeUndefined();
    expect(meter.left(21_000, 10)).toBeUndefined();
  });

  it('measures from the first work on, so that loading a model slows nothing down', () => {
    const meter = new RateMeter();
    count(meter, 0, 20, 0, 0);
    count(meter, 20, 26, 0, 100);
    expect(meter.rate(26_000)).toBeCloseTo(100);
  });

  it('goes by the last half minute, and gives the range of the last seconds and of the whole', () => {
    const meter = new RateMeter();
    const before = count(meter, 0, 60, 0, 100);
    const then = count(meter, 60, 80, before, 10);
    expect(meter.rate(80_000)).toBeCloseTo((10 * 100 + 20 * 10) / 30, 0);
    const { from, to } = meter.left(80_000, 1000)!;
    expect(from).toBeCloseTo(1000 / (then / 80), 0);
    expect(to).toBeCloseTo(1000 / 10, 0);
  });

  it('takes no work for undone where a rank begins anew', () => {
    const meter = new RateMeter();
    count(meter, 0, 10, 0, 100);
    count(meter, 10.5, 20, 200, 100);
    expect(meter.rate(20_000)).toBeCloseTo(1900 / 19.5);
  });

  it('keeps a number of looks that does not grow', () => {
    const meter = new RateMeter();
    const end = count(meter, 0, 3600, 0, 7);
    expect(meter.rate(3_600_000)).toBeCloseTo(7);
    expect(meter.left(3_600_000, end)!.to).toBeCloseTo(3600, -1);
  });
});
