/* eslint-disable @typescript-eslint/no-non-null-assertion -- lists have one number for each band, images one for each pixel */
import { BAND_COUNT } from './bands.ts';
import { calibration } from './calibration.ts';
import { normalQuantile } from './normal-quantile.ts';
import type { Conditions } from './point-spread.ts';
import { renderSource } from './render-source.ts';
import type { Source } from './source.ts';
import { STAMP, type Window } from './stamp.ts';
import { Purpose, type RandomKey, randomWords } from './threefry.ts';

// Taken out of the global object once: looking them up there takes longer than they do.
const { sqrt } = Math;

const ELECTRONS = calibration.instrument.bands.map((band) => band.electronsPerNanomaggy);

/**
 * Five sky-subtracted images of some sources, as a telescope would take them. A pixel's noise depends on its place on the
 * stamp only, so that the central window rendered alone is, to the bit, the centre of the whole stamp.
 */
export class Camera {
  readonly #key: RandomKey;
  readonly #window: Window;
  readonly #light: Float64Array;
  readonly #words: Uint32Array;

  constructor(key: RandomKey, window: Window) {
    this.#key = key;
    this.#window = window;
    this.#light = new Float64Array(window.side * window.side);
    this.#words = new Uint32Array(window.side);
  }

  /**
   * @param galaxy index in the survey, which decides the noise
   * @param images receives [5, side, side] fluxes in nanomaggies
   */
  observe(galaxy: number, sources: readonly Source[], conditions: Conditions, images: Float32Array): void {
    const light = this.#light;
    for (let band = 0; band < BAND_COUNT; band++) {
      light.fill(0);
      const pointSpread = conditions.pointSpread[band]!;
      for (const source of sources) renderSource(light, this.#window, source, band, pointSpread);
      this.#addNoise(galaxy, band, conditions.skySigma[band]!, images.subarray(band * light.length));
    }
  }

  /**
   * Sky noise and the shot noise of the sources' own light. Both are normal: even in u a pixel of an SDSS exposure holds
   * tens of electrons of sky.
   */
  #addNoise(galaxy: number, band: number, skySigma: number, image: Float32Array): void {
    const { first, side } = this.#window;
    const light = this.#light;
    const words = this.#words;
    const skyVariance = skySigma * skySigma;
    const shotVariance = 1 / ELECTRONS[band]!;
    for (let row = 0; row < side; row++) {
      const firstPixel = (band * STAMP + first + row) * STAMP + first;
      randomWords(words, this.#key, galaxy, Purpose.sky, firstPixel / 2);
      for (let column = 0; column < side; column++) {
        const pixel = row * side + column;
        const flux = light[pixel]!;
        image[pixel] = flux + sqrt(skyVariance + flux * shotVariance) * normalQuantile(words[column]!);
      }
    }
  }
}
