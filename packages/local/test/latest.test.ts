import { jest } from '@jest/globals';
import { latest } from '../src/pool/latest.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('latest', () => {
  it('passes on the first at once, then the latest of every interval, and nothing where nothing is said', () => {
    const passed: number[] = [];
    const beats = latest((value: number) => passed.push(value), 250);
    beats.say(1);
    expect(passed).toEqual([1]);
    beats.say(2);
    beats.say(3);
    jest.advanceTimersByTime(250);
    expect(passed).toEqual([1, 3]);
    jest.advanceTimersByTime(10_000);
    expect(passed).toEqual([1, 3]);
    beats.say(4);
    beats.say(5);
    expect(passed).toEqual([1, 3, 4]);
    beats.flush();
    expect(passed).toEqual([1, 3, 4, 5]);
    jest.advanceTimersByTime(250);
    expect(passed).toEqual([1, 3, 4, 5]);
  });

  it('forgets what waits when it stops', () => {
    const passed: number[] = [];
    const beats = latest((value: number) => passed.push(value), 250);
    beats.say(1);
    beats.say(2);
    beats.stop();
    jest.advanceTimersByTime(1000);
    expect(passed).toEqual([1]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
