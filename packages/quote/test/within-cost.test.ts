import { UserInputError } from '@cosmicai/payload';
import { DEFAULT_CALIBRATION, defaultCalibration, withinCost } from '../src/index.ts';

describe('a run that may cost so much', () => {
  const quoted = (median: number, high: number) => ({ costUsd: { median, low: 0, high } });

  it('is begun where the upper end of its quote keeps to it', () => {
    expect(() => withinCost(quoted(0.1, 0.131), 0.131)).not.toThrow();
  });

  it('is refused where it doesn’t, with the quote and a way on', () => {
    const refuse = () => withinCost(quoted(0.10941, 0.13124), 0.13);
    expect(refuse).toThrow(UserInputError);
    expect(refuse).toThrow(
      'This run is quoted at 0.109 USD (95 %: up to 0.131), more than --max-cost 0.13 allows, so nothing was uploaded or started. The same payload or data given to cosmicai tune with --budget 0.13 shows what would fit.',
    );
  });
});

describe('the default calibration', () => {
  it('is of the model’s arithmetic, and of fp32 where nobody could look', () => {
    const [int8, fp32, unknown] = (['int8', 'fp32', undefined] as const).map(defaultCalibration);
    expect(fp32).toBe(DEFAULT_CALIBRATION);
    expect(int8?.samplesPerSecond).toBe(1.5 * DEFAULT_CALIBRATION.samplesPerSecond);
    expect(int8?.source).toContain('in 8 bits 1.5 times as fast (measured: 1.39 to 1.65)');
    expect(unknown).toEqual({ ...fp32, source: unknown?.source });
    expect(unknown?.source).toContain('taken to be in fp32');
  });
});
