import { readFileSync } from 'node:fs';
import type { ImageSpec, ScalingStep } from '@cosmicai/payload';
import { imageTensor } from '../src/contract/image-tensor.ts';

interface Golden {
  readonly shape: readonly [count: number, bands: number, side: number, side: number];
  readonly images: readonly (number | string)[];
  readonly cases: readonly {
    readonly scaling: readonly ScalingStep[];
    readonly expected: readonly (number | string)[];
  }[];
}

/** Made by training/golden/image_input_golden.py. */
const golden = JSON.parse(readFileSync(new URL('golden/scaling.json', import.meta.url), 'utf8')) as Golden;
const floats = (values: readonly (number | string)[]) =>
  Float32Array.from(values, (value) => (typeof value === 'number' ? value : Number(value.replace('inf', 'Infinity'))));
const IMAGE: ImageSpec = { bands: ['g', 'r', 'i'], side: golden.shape[2] };

describe('imageTensor', () => {
  it.each(golden.cases)('scales by $scaling to the bits of numpy, and leaves the images alone', (given) => {
    const images = floats(golden.images);
    const scaled = imageTensor(images, { ...IMAGE, scaling: given.scaling });
    expect([...scaled]).toEqual([...floats(given.expected)]);
    expect([...images]).toEqual([...floats(golden.images)]);
  });

  it('puts the bands last where the model has them there, after scaling them', () => {
    const image: ImageSpec = { bands: ['g', 'r'], side: 2, layout: 'NHWC', scaling: [{ multiply: [1, 10] }] };
    const images = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, -1, -2, -3, -4, -5, -6, -7, -8);
    expect([...imageTensor(images, image)]).toEqual([
      ...[1, 50, 2, 60, 3, 70, 4, 80],
      ...[-1, -50, -2, -60, -3, -70, -4, -80],
    ]);
  });

  it('hands images on that are as the model wants them', () => {
    const images = new Float32Array(3 * 16);
    expect(imageTensor(images, IMAGE)).toBe(images);
  });
});
