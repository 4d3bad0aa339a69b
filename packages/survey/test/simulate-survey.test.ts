import { createHash } from 'node:crypto';
import type { PartitionBatch } from '@cosmicai/torchfile';
import fc from 'fast-check';
import { simulateSurvey, type SurveyOptions } from '../src/index.ts';

const PIXELS = 5 * 32 * 32;

function collect(options: SurveyOptions): PartitionBatch[] {
  return [...simulateSurvey(options)];
}

/** Bytes of all images, magnitudes and redshifts, whatever the batches. */
function digest(batches: readonly PartitionBatch[]): string {
  const hash = createHash('sha256');
  for (const part of ['images', 'magnitudes', 'redshift'] as const) {
    for (const batch of batches) {
      const values = batch[part];
      hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    }
  }
  return hash.digest('hex');
}

/** 32 pixels. */
function bytes(pixels: Float32Array, from: number): Buffer {
  return Buffer.from(pixels.buffer, pixels.byteOffset + 4 * from, 4 * 32);
}

describe('simulateSurvey', () => {
  it('gives the bytes it has always given for a seed', () => {
    expect(digest(collect({ count: 20, seed: 2026 }))).toBe(
      'c87348ac8235c72335ece129dbd8bda7c2538d0b8a009d941ced7c5033c4f527',
    );
  });

  it('gives the same galaxies however the survey is divided', () => {
    const whole = collect({ count: 24, seed: 5, batchSize: 24 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 1, max: 9 }), (cut, batchSize) => {
        const before = collect({ count: cut, seed: 5, batchSize });
        const after = collect({ count: 24 - cut, seed: 5, start: cut, batchSize });
        expect(digest([...before, ...after])).toBe(digest(whole));
      }),
      { numRuns: 20 },
    );
  });

  it('gives other galaxies for another seed', () => {
    expect(collect({ count: 1, seed: 1 })[0]!.redshift[0]).not.toBe(collect({ count: 1, seed: 2 })[0]!.redshift[0]);
    expect(collect({ count: 1, seed: 2 ** 32 })[0]!.redshift[0]).not.toBe(
      collect({ count: 1, seed: 0 })[0]!.redshift[0],
    );
  });

  it('shows in the central cutout exactly the centre of the whole stamp', () => {
    const [crop] = collect({ count: 6, seed: 3 });
    const [stamp] = collect({ count: 6, seed: 3, wholeStamps: true });
    const differing: [plane: number, row: number][] = [];
    for (let plane = 0; plane < 6 * 5; plane++) {
      for (let row = 0; row < 32; row++) {
        const inCrop = (plane * 32 + row) * 32;
        const inStamp = (plane * 64 + row + 16) * 64 + 16;
        if (bytes(crop!.images, inCrop).compare(bytes(stamp!.images, inStamp)) !== 0) differing.push([plane, row]);
      }
    }
    expect(differing).toEqual([]);
  });

  it('puts the light of the measured magnitudes into the stamp', () => {
    const [batch] = collect({ count: 400, seed: 11, wholeStamps: true, batchSize: 400 });
    const ratios: number[] = [];
    for (let galaxy = 0; galaxy < 400; galaxy++) {
      const plane = (galaxy * 5 + 2) * 64 * 64;
      const flux = batch!.images.subarray(plane, plane + 64 * 64).reduce((sum, value) => sum + value, 0);
      ratios.push(flux / 10 ** ((22.5 - batch!.magnitudes[galaxy * 5 + 2]!) / 2.5));
    }
    ratios.sort((a, b) => a - b);
    // Extinction (0.07 mag in r at the median) and light beyond the stamp take some, neighbours add some.
    expect(ratios[200]).toBeGreaterThan(0.85);
    expect(ratios[200]).toBeLessThan(1);
  });

  it('has the sky noise of SDSS in the corners', () => {
    const [batch] = collect({ count: 300, seed: 13, wholeStamps: true, batchSize: 300 });
    const expected = [0.091, 0.03, 0.036, 0.056, 0.216];
    for (const [band, sigma] of expected.entries()) {
      const values: number[] = [];
      for (let galaxy = 0; galaxy < 300; galaxy++) {
        const corner = (galaxy * 5 + band) * 64 * 64;
        for (let pixel = 0; pixel < 16; pixel++) values.push(batch!.images[corner + pixel]!);
      }
      values.sort((a, b) => a - b);
      // The lower half of the distribution, which neighbours don't touch: 0.6745 sigma from the quartile to the median.
      const spread = (values[2400]! - values[1200]!) / 0.6745;
      expect(Math.abs(spread / sigma - 1)).toBeLessThan(0.08);
    }
  });

  it('draws galaxies of the main sample', () => {
    const batches = collect({ count: 1000, seed: 17, batchSize: 250 });
    const redshifts = batches.flatMap((batch) => [...batch.redshift]).sort((a, b) => a - b);
    expect(redshifts[0]).toBeGreaterThan(0.005);
    expect(redshifts.at(-1)).toBeLessThan(0.6);
    expect(Math.abs(redshifts[500]! - 0.099)).toBeLessThan(0.006);
    for (const batch of batches) {
      expect(batch.images.length).toBe(batch.count * PIXELS);
      expect(batch.images.every(Number.isFinite)).toBe(true);
      expect(batch.magnitudes.every((value) => value > 8 && value < 30)).toBe(true);
    }
  });

  it('refuses counts that are none, and more galaxies than there are counters', () => {
    for (const count of [-1, 1.5, NaN, 2 ** 32 + 1]) {
      expect(() => collect({ count, seed: 1 })).toThrow(RangeError);
    }
    expect(() => collect({ count: 1, seed: 1, batchSize: 0 })).toThrow(/batchSize/);
    expect(collect({ count: 0, seed: 1 })).toEqual([]);
  });
});
