import { ASTROMAE } from '@cosmicai/payload';

/** Side of a rendered stamp in pixels. */
export const STAMP = 64;
/** Side of the central cutout that becomes a sample. */
export const CROP = ASTROMAE.image.side;

/** A square of a stamp, in pixels of the stamp. */
export interface Window {
  readonly first: number;
  readonly side: number;
}

export const WHOLE_STAMP: Window = { first: 0, side: STAMP };
export const CENTRAL_CROP: Window = { first: (STAMP - CROP) / 2, side: CROP };
