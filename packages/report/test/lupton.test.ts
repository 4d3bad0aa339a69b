import { seededRandom, standardNormal } from '@cosmicai/metrics';
import sharp from 'sharp';
import { encodeFlux } from '@cosmicai/runs/gather';
import { cutoutPng, luptonComposite } from '../src/index.ts';

const SIZE = 16;
const PIXELS = SIZE * SIZE;

/** The same light in every pixel of a band, in bands u, g, r, i, z. */
function flat(...bands: number[]): Float32Array {
  return Float32Array.from({ length: 5 * PIXELS }, (_, at) => bands[Math.floor(at / PIXELS)]!);
}
const options = { weights: [1, 1, 1] as const, black: [0, 0, 0] as const, stretch: 1, softening: 8 };

describe('a Lupton composite', () => {
  it('takes i as red, r as green, g as blue', () => {
    const [red, green, blue] = luptonComposite(flat(9, 0, 0, 0.5, 9), SIZE, options);

    expect(red).toBeGreaterThan(50);
    expect([green, blue]).toEqual([0, 0]);
  });

  it('keeps the colour of a source however bright it is', () => {
    for (const brightness of [0.05, 1, 30, 1e4]) {
      const [red, green, blue] = luptonComposite(flat(0, brightness, 2 * brightness, 4 * brightness, 0), SIZE, options);
      // Within the rounding to whole bytes.
      expect(Math.abs(red! - 2 * green!)).toBeLessThanOrEqual(2);
      expect(Math.abs(green! - 2 * blue!)).toBeLessThanOrEqual(2);
    }
  });

  it('weighs the bands as it is told', () => {
    const weights = [0.5, 1, 2] as const;
    const [red, green, blue] = luptonComposite(flat(0, 1, 2, 4, 0), SIZE, { ...options, weights });

    expect(red).toBe(green);
    expect(green).toBe(blue);
  });

  it('never gets darker as the source gets brighter, and is black where there is nothing', () => {
    const reds = [-1, 0, 0.1, 1, 10, 100, 1e6].map(
      (flux) => luptonComposite(flat(flux, flux, flux, flux, flux), SIZE, options)[0]!,
    );

    expect(reds.slice(0, 2)).toEqual([0, 0]);
    expect(reds).toEqual([...reds].sort((a, b) => a - b));
    expect(reds.at(-1)).toBe(255);
  });

  it('finds sky and noise by itself: sky dark, galaxy bright', async () => {
    const random = seededRandom(3);
    const flux = Float32Array.from({ length: 5 * PIXELS }, (_, at) => {
      const [x, y] = [(at % SIZE) - 7.5, (Math.floor(at / SIZE) % SIZE) - 7.5];
      return 100 + 0.5 * standardNormal(random) + 80 * Math.exp(-Math.hypot(x, y) / 1.5);
    });

    const png = await cutoutPng({ size: SIZE, flux_base64: encodeFlux(flux) });

    const { data, info } = await sharp(png).resize(SIZE, SIZE).raw().toBuffer({ resolveWithObject: true });
    const brightness = (x: number, y: number) =>
      Math.max(...data.subarray((y * SIZE + x) * info.channels, (y * SIZE + x + 1) * info.channels));
    expect(brightness(8, 8)).toBeGreaterThan(180);
    expect(brightness(1, 1)).toBeLessThan(60);
  });
});
