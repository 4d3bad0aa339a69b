/* eslint-disable @typescript-eslint/no-non-null-assertion -- loops over pixels within the array */
import { imagePixels, itemAt, type ImageSpec, type PerBand, type ScalingStep } from '@cosmicai/payload';

/**
 * Images as a model's input has them: scaled, and with the bands last where it wants them so. Each step of the scaling is calculated
 * in float32, as numpy does with arrays of it; asinh is that of float64, rounded to float32.
 *
 * @param images [count, bands, side, side], left as they are
 * @returns [count, ...inputShape]: the same array where nothing is to be done
 */
export function imageTensor(images: Float32Array, image: ImageSpec): Float32Array {
  const { scaling = [], layout } = image;
  const scaled = scaling.length === 0 ? images : images.slice();
  for (const step of scaling) scale(scaled, image, step);
  return layout === 'NHWC' ? bandsLast(scaled, image) : scaled;
}

function scale(images: Float32Array, image: ImageSpec, step: ScalingStep): void {
  const bands = image.bands.length;
  const pixels = image.side ** 2;
  for (let at = 0; at < images.length; at += pixels) {
    const change = changeOf(step, (at / pixels) % bands);
    for (let pixel = at; pixel < at + pixels; pixel++) images[pixel] = change(images[pixel]!);
  }
}

/** One step for one band. What is written into a Float32Array is rounded to float32: the float64 in between loses nothing of + - * /. */
function changeOf(step: ScalingStep, band: number): (pixel: number) => number {
  if ('clip' in step) {
    const [low, high] = step.clip.map(Math.fround) as [number, number];
    // NaN stays NaN.
    return (pixel) => (pixel < low ? low : pixel > high ? high : pixel);
  }
  if ('subtract' in step) {
    const by = of(step.subtract, band);
    return (pixel) => pixel - by;
  }
  if ('multiply' in step) {
    const by = of(step.multiply, band);
    return (pixel) => pixel * by;
  }
  if ('divide' in step) {
    const by = of(step.divide, band);
    return (pixel) => pixel / by;
  }
  const softening = of(step.asinh, band);
  return (pixel) => Math.asinh(Math.fround(pixel / softening));
}

function of(value: PerBand, band: number): number {
  return Math.fround(typeof value === 'number' ? value : itemAt(value, band));
}

function bandsLast(images: Float32Array, image: ImageSpec): Float32Array {
  const bands = image.bands.length;
  const size = imagePixels(image);
  const turned = new Float32Array(images.length);
  for (let first = 0; first < images.length; first += size)
    for (let band = 0, from = first; band < bands; band++)
      for (let to = first + band; to < first + size; to += bands) turned[to] = images[from++]!;
  return turned;
}
