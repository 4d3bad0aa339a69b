/* eslint-disable @typescript-eslint/no-non-null-assertion -- loops over pixels, whose places the taps give */

/** A pixel of a resized edge: between two pixels of the original one, so much of the way to the second. */
interface Tap {
  readonly first: number;
  readonly second: number;
  readonly share: number;
}

/**
 * Resizes square images bilinearly. Pixels are areas, not points: the middle of pixel i of n lies at (i + 0.5) / n of the edge, and
 * beyond the middle of the outermost pixels these go on. No smoothing comes before: where images become smaller, pixels between the
 * places that are looked at don't count. That is `torch.nn.functional.interpolate(mode='bilinear', align_corners=False)`.
 *
 * @param images any number of images of from x from pixels, row-major
 */
export function resizeImages(images: Float32Array, from: number, to: number): Float32Array {
  const taps = tapsOf(from, to);
  const [before, after] = [from * from, to * to];
  const resized = new Float32Array((images.length / before) * after);
  let at = 0;
  for (let image = 0; image < images.length; image += before) {
    for (const row of taps) {
      const [upper, lower] = [image + row.first * from, image + row.second * from];
      for (const { first, second, share } of taps) {
        const above = images[upper + first]! * (1 - share) + images[upper + second]! * share;
        const below = images[lower + first]! * (1 - share) + images[lower + second]! * share;
        resized[at++] = above * (1 - row.share) + below * row.share;
      }
    }
  }
  return resized;
}

/** Places in float32, as PyTorch has them. */
function tapsOf(from: number, to: number): Tap[] {
  const scale = Math.fround(from / to);
  return Array.from({ length: to }, (_, pixel) => {
    const place = Math.max(0, Math.fround(Math.fround(scale * (pixel + 0.5)) - 0.5));
    const first = Math.min(Math.floor(place), from - 1);
    return { first, second: Math.min(first + 1, from - 1), share: place - first };
  });
}
