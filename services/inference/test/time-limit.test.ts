import { timeLimitOf } from '../src/time-limit.ts';

describe('the time of a rank', () => {
  const left = () => 840_000;

  it('is what the function has left', () => {
    const limit = timeLimitOf({ getRemainingTimeInMillis: left }, {}, () => 0);
    expect([limit?.left(), limit?.renewed]).toEqual([840_000, true]);
  });

  it('is no more than five minutes in a child of type EXPRESS, which its attempts share', () => {
    let now = 7000;
    const limit = timeLimitOf(
      { getRemainingTimeInMillis: left },
      { COSMICAI_MAP_EXECUTION_TYPE: 'EXPRESS' },
      () => now,
    );
    expect([limit?.left(), limit?.renewed]).toEqual([300_000, false]);
    now += 60_000;
    expect(limit?.left()).toBe(240_000);
    const short = { getRemainingTimeInMillis: () => 9 };
    expect(timeLimitOf(short, { COSMICAI_MAP_EXECUTION_TYPE: 'EXPRESS' }, () => 0)?.left()).toBe(9);
  });

  it('has no end where nobody ends it', () => {
    expect(timeLimitOf({}, { COSMICAI_MAP_EXECUTION_TYPE: 'EXPRESS' }, () => 0)).toBeUndefined();
  });
});
