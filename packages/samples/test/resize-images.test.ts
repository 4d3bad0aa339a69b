import { readFileSync } from 'node:fs';
import { resizeImages } from '../src/resize-images.ts';

interface Golden {
  readonly from: number;
  readonly to: number;
  readonly images: readonly number[];
  readonly expected: readonly number[];
}

/** Made by training/golden/image_input_golden.py. */
const golden = JSON.parse(readFileSync(new URL('golden/resize.json', import.meta.url), 'utf8')) as Golden[];

describe('resizeImages', () => {
  it.each(golden)('makes of $from pixels $to, as PyTorch’s bilinear interpolation does', ({ from, to, ...given }) => {
    const resized = resizeImages(Float32Array.from(given.images), from, to);
    expect(resized).toHaveLength(given.expected.length);
    const off = [...resized].map((value, at) => Math.abs(value - given.expected[at]!));
    expect(Math.max(...off)).toBeLessThan(5e-7);
  });
});
