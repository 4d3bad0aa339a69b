import { ASTROMAE, isPlaceholderMagnitude } from '@cosmicai/payload';
import type { Galaxies } from '@cosmicai/samples';
import { apertureMagnitude } from './aperture.ts';
import { Moments } from './moments.ts';

const BANDS = ASTROMAE.image.bands.length;
/** All of the first galaxies of a partition are measured, then one of so many: the sums have long settled. */
const ALL_OF_FIRST = 256;
const ONE_OF = 8;

/** Places in the vectors of `PhotometrySums.moments`. */
export const PLACES = {
  /** Colours: of band a in the image, and by magnitude, each relative to the galaxy's mean of the bands. */
  image: (band: number) => band,
  catalogue: (band: number) => BANDS + band,
  imageMean: 2 * BANDS,
  catalogueMean: 2 * BANDS + 1,
} as const;

/**
 * Aperture magnitudes of images beside the magnitudes that came with them: what tells bands in another order, and images in
 * another unit. Takes the same memory whatever it has seen.
 */
export class PhotometrySums {
  readonly moments = new Moments(2 * BANDS + 2);
  #galaxies = 0;
  #measured = 0;

  /** Galaxies looked at. */
  get measured(): number {
    return this.#measured;
  }

  /** Those of them that stand out from the noise in every band and have all their magnitudes. */
  get usable(): number {
    return this.moments.count;
  }

  /** Batches of one partition, in order. */
  add({ count, images, magnitudes }: Pick<Galaxies, 'count' | 'images' | 'magnitudes'>): void {
    const pixels = images.length / count / BANDS;
    const vector = new Float64Array(2 * BANDS + 2);
    for (let galaxy = 0; galaxy < count; galaxy++) {
      const index = this.#galaxies++;
      if (index >= ALL_OF_FIRST && index % ONE_OF !== 0) continue;
      this.#measured++;
      let imageSum = 0;
      let catalogueSum = 0;
      for (let band = 0; band < BANDS; band++) {
        const at = galaxy * BANDS + band;
        const catalogue = magnitudes[at] ?? NaN;
        imageSum += vector[PLACES.image(band)] = apertureMagnitude(images.subarray(at * pixels, (at + 1) * pixels));
        catalogueSum += vector[PLACES.catalogue(band)] = isPlaceholderMagnitude(catalogue) ? NaN : catalogue;
      }
      if (!Number.isFinite(imageSum + catalogueSum)) continue;
      vector[PLACES.imageMean] = imageSum / BANDS;
      vector[PLACES.catalogueMean] = catalogueSum / BANDS;
      for (let band = 0; band < BANDS; band++) {
        vector[PLACES.image(band)] = (vector[PLACES.image(band)] ?? NaN) - imageSum / BANDS;
        vector[PLACES.catalogue(band)] = (vector[PLACES.catalogue(band)] ?? NaN) - catalogueSum / BANDS;
      }
      this.moments.add(vector);
    }
  }

  merge(other: PhotometrySums): void {
    this.#galaxies += other.#galaxies;
    this.#measured += other.#measured;
    this.moments.merge(other.moments);
  }
}
