import { ASTROMAE, UserInputError } from '@cosmicai/payload';
import sharp from 'sharp';
import type { Cutout } from '../run-report.ts';
import { luptonComposite } from './lupton.ts';

const BANDS = ASTROMAE.image.bands.length;
const BYTES = Float32Array.BYTES_PER_ELEMENT;
/** Pixels on the page for one of the image. */
const ENLARGEMENT = 4;

/** Packs an image for a report. @param flux band by band as ASTROMAE names them, row by row */
export function encodeFlux(flux: Float32Array): string {
  const bytes = Buffer.alloc(flux.length * BYTES);
  flux.forEach((value, at) => bytes.writeFloatLE(value, at * BYTES));
  return bytes.toString('base64');
}

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
  return sharp(luptonComposite(flux, size), { raw: { width: size, height: size, channels: 3 } })
    .resize(size * ENLARGEMENT, size * ENLARGEMENT, { kernel: 'lanczos3' })
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/** The predictions that are farthest off, by |dz|, the worst first. */
export function largestResiduals<Row extends { readonly z_spec: number; readonly z_pred: number }>(
  rows: Iterable<Row>,
  count: number,
): Row[] {
  const residual = ({ z_spec, z_pred }: Row) => Math.abs((z_pred - z_spec) / (1 + z_spec));
  let worst: Row[] = [];
  for (const row of rows) {
    if (!Number.isFinite(residual(row))) continue;
    if (worst.length === count && residual(row) <= residual(worst.at(-1)!)) continue;
    worst = [...worst, row].sort((a, b) => residual(b) - residual(a)).slice(0, count);
  }
  return worst;
}
