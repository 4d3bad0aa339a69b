import { z } from 'zod';

const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** The image of one galaxy, and what was predicted of it. */
export const cutoutSchema = z.object({
  rank: z.number().int().nonnegative(),
  partition: z.string(),
  index: z.number().int().nonnegative(),
  z_spec: z.number(),
  z_pred: z.number(),
  /** Pixels along an edge. */
  size: z.number().int().positive(),
  /** Bands (ASTROMAE's), rows, columns: little-endian float32, base64. */
  flux_base64: z.base64(),
});
export type Cutout = z.output<typeof cutoutSchema>;

/** Packs an image for a report. @param flux band by band as ASTROMAE names them, row by row */
export function encodeFlux(flux: Float32Array): string {
  const bytes = Buffer.alloc(flux.length * BYTES);
  flux.forEach((value, at) => bytes.writeFloatLE(value, at * BYTES));
  return bytes.toString('base64');
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
    const least = worst.length === count ? worst.at(-1) : undefined;
    if (least !== undefined && residual(row) <= residual(least)) continue;
    worst = [...worst, row].sort((a, b) => residual(b) - residual(a)).slice(0, count);
  }
  return worst;
}
