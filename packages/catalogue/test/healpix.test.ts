import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { finestPixel, pixelAbove, pixelsOf } from '../src/healpix/nested.ts';

/** Positions and pixels by other formulas, in 60 digits: fixtures/healpix_golden.py. */
const golden = z
  .array(z.tuple([z.number(), z.number(), z.record(z.string(), z.string())]))
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', 'healpix.json'), 'utf8')));
const at = (ra: number, dec: number, order: number) => pixelAbove(finestPixel(ra, dec) ?? -1n, order);

describe('the HEALPix pixel of a position', () => {
  it('is that of the formulas, all over the sky, close to the poles and where cap and belt meet', () => {
    const wrong = golden.filter(([ra, dec, pixels]) => {
      const pixel = finestPixel(ra, dec);
      return String(pixel) !== pixels['29'] || String(at(ra, dec, 4)) !== pixels['4'];
    });

    expect(golden.length).toBeGreaterThan(250);
    expect(wrong).toEqual([]);
  });

  it('is on the sphere at its poles and on every edge, one pixel for each way to write a place', () => {
    expect([0, 90, 180, 270].map((ra) => at(ra, 90, 0))).toEqual([0, 1, 2, 3]);
    expect([0, 90, 180, 270].map((ra) => at(ra, -90, 0))).toEqual([8, 9, 10, 11]);
    expect([0, 90, 180, 270].map((ra) => at(ra, 0, 0))).toEqual([4, 5, 6, 7]);
    for (const ra of [-720, -360, 360, 1080]) expect(finestPixel(ra + 0.25, 41)).toBe(finestPixel(0.25, 41));
    expect(finestPixel(-1e-20, 80)).toBe(finestPixel(0, 80));
    const all = Array.from(
      { length: 73 * 37 },
      (_, place) => [5 * (place % 73), 5 * Math.floor(place / 73) - 90] as const,
    );
    for (const [ra, dec] of all) {
      const pixel = finestPixel(ra, dec);
      expect(pixel! >= 0n && pixel! < 12n * 4n ** 29n).toBe(true);
    }
  });

  it('holds as much of the sky as any other', () => {
    const counts = new Array<number>(pixelsOf(1)).fill(0);
    for (let row = 0; row < 400; row++)
      for (let column = 0; column < 400; column++)
        counts[at((column + 0.5) * 0.9, (Math.asin((row + 0.5) / 200 - 1) * 180) / Math.PI, 1)]! += 1;

    for (const count of counts) expect(Math.abs(count - 160_000 / 48)).toBeLessThan(60);
  });

  it('is none for what is no position', () => {
    for (const [ra, dec] of [
      [NaN, 0],
      [0, NaN],
      [Infinity, 0],
      [0, 90.0000001],
      [0, -91],
    ] as const)
      expect(finestPixel(ra, dec)).toBeUndefined();
  });
});
