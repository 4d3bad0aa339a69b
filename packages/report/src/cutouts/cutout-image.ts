import { ASTROMAE, UserInputError } from '@cosmicai/payload';
import type { Cutout } from '@cosmicai/runs/gather';
import { luptonComposite } from './lupton.ts';
import { loadSharp } from '../sharp.ts';

const BANDS = ASTROMAE.image.bands.length;
const BYTES = Float32Array.BYTES_PER_ELEMENT;
/** Pixels on the page for one of the image. */
const ENLARGEMENT = 4;

/** A galaxy as a PNG in colour. @throws UserInputError when the image has not as many bands of size x size pixels */
export async function cutoutPng(cutout: Pick<Cutout, 'flux_base64' | 'size'>): Promise<Buffer> {
  const { size } = cutout;
  const bytes = Buffer.from(cutout.flux_base64, 'base64');
  if (bytes.length !== BANDS * size * size * BYTES) {
    throw new UserInputError(
      `A cutout of ${size} x ${size} pixels in ${BANDS} bands takes ${BANDS * size * size * BYTES} bytes, but this one has ${bytes.length}.`,
    );
  }
  const flux = Float32Array.from({ length: bytes.length / BYTES }, (_, at) => bytes.readFloatLE(at * BYTES));
  const sharp = await loadSharp();
  return sharp(luptonComposite(flux, size), { raw: { width: size, height: size, channels: 3 } })
    .resize(size * ENLARGEMENT, size * ENLARGEMENT, { kernel: 'lanczos3' })
    .png({ compressionLevel: 9 })
    .toBuffer();
}
