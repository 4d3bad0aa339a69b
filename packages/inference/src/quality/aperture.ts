/** Radius in pixels: holds most of a galaxy's light and little of its neighbours'; SDSS's pixels are 0.396 arcsec. */
const RADIUS = 6;
/** Pixels from the edge in which the sky is measured, and parts that they are divided in. */
const BORDER = 2;
const PARTS = 16;
/** How far, in standard deviations of the sky in the aperture, light must stand out to be measured. */
const LEAST_SIGNAL = 3;
/** 1 nanomaggy is 22.5 mag. */
const ZERO_POINT = 22.5;
/** Variance of a median over that of a mean, of normally distributed values. */
const MEDIAN_VARIANCE = Math.PI / 2;

interface Geometry {
  /** Places of the aperture's pixels. */
  readonly aperture: Int32Array;
  /** Places of the border's pixels, part by part around the image. */
  readonly border: readonly Int32Array[];
}

const geometries = new Map<number, Geometry>();

function geometryOf(side: number): Geometry {
  const known = geometries.get(side);
  if (known !== undefined) return known;
  const aperture: number[] = [];
  const border: { readonly place: number; readonly angle: number }[] = [];
  // The galaxy's centre is within half a pixel of here.
  const centre = side / 2;
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const place = row * side + column;
      if (Math.hypot(row - centre, column - centre) <= RADIUS) aperture.push(place);
      if (Math.min(row, column, side - 1 - row, side - 1 - column) < BORDER)
        border.push({ place, angle: Math.atan2(row - centre + 0.5, column - centre + 0.5) });
    }
  }
  border.sort((a, b) => a.angle - b.angle);
  const places = Int32Array.from(border, ({ place }) => place);
  const length = Math.floor(places.length / PARTS);
  const geometry = {
    aperture: Int32Array.from(aperture),
    border: Array.from({ length: PARTS }, (_, part) => places.subarray(part * length, (part + 1) * length)),
  };
  geometries.set(side, geometry);
  return geometry;
}

/**
 * Magnitude of the light in the middle of one band's square image, above the level at its border, as if the image were in
 * nanomaggies: another unit shifts it by the same amount for each galaxy.
 *
 * @returns NaN where a pixel is not finite or the light doesn't stand out from the noise at the border
 */
export function apertureMagnitude(image: Float32Array): number {
  const { aperture, border } = geometryOf(Math.round(Math.sqrt(image.length)));
  // Neighbours spoil some parts of the border; the medians are those of clean ones.
  const sky = border.map((places) => skyOf(image, places));
  const level = median(sky.map(({ mean }) => mean));
  const variance = median(sky.map((part) => part.variance));
  let light = 0;
  for (const pixel of aperture) light += (image[pixel] ?? NaN) - level;
  const area = aperture.length;
  const skyPixels = border.reduce((sum, part) => sum + part.length, 0);
  // The error of the level counts once for each pixel of the aperture.
  const uncertainty = Math.sqrt(variance * area * (1 + (MEDIAN_VARIANCE * area) / skyPixels));
  return light > LEAST_SIGNAL * uncertainty && light < Infinity ? ZERO_POINT - 2.5 * Math.log10(light) : NaN;
}

/** Mean, and the variance of a pixel by the differences of neighbours, which a gradient doesn't raise. */
function skyOf(image: Float32Array, places: Int32Array): { readonly mean: number; readonly variance: number } {
  let sum = 0;
  let squares = 0;
  let before = image[places[0] ?? 0] ?? NaN;
  for (const place of places) {
    const pixel = image[place] ?? NaN;
    sum += pixel;
    squares += (pixel - before) * (pixel - before);
    before = pixel;
  }
  return { mean: sum / places.length, variance: squares / (2 * (places.length - 1)) };
}

/** NaN where any value is. */
function median(values: number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  if (Number.isNaN(sum)) return NaN;
  values.sort((a, b) => a - b);
  const middle = values.length / 2;
  return ((values[middle - 1] ?? NaN) + (values[middle] ?? NaN)) / 2;
}
