import type { WorstGalaxy } from '@cosmicai/metrics';
import { ASTROMAE, partitionColumnsSchema, type RunRecord } from '@cosmicai/payload';
import { openGalaxies } from '@cosmicai/samples';
import { storeSource, type ObjectStore } from '@cosmicai/store';
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

/** Images of single galaxies; none where the partitions are gone. */
export async function cutoutsOf(
  galaxies: readonly WorstGalaxy[],
  store: ObjectStore,
  { payload }: Pick<RunRecord, 'payload'>,
): Promise<Cutout[]> {
  const { data: columns } = partitionColumnsSchema.optional().safeParse(payload.columns);
  const cutouts: Cutout[] = [];
  for (const { rank, partition, index, z_spec, z_pred } of galaxies) {
    try {
      const source = await openGalaxies(await storeSource(store, partition), { columns });
      const { images } = await source.read(index, index + 1);
      const flux_base64 = encodeFlux(images);
      cutouts.push({ rank, partition, index, z_spec, z_pred, size: ASTROMAE.image.side, flux_base64 });
    } catch {
      // The report is about the run; that its input has been moved since is not a failure of it.
    }
  }
  return cutouts;
}
