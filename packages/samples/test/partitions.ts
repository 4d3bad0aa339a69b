import { ASTROMAE, imagePixels, type ModelSpec } from '@cosmicai/payload';
import { partitionStream, type PartitionBatch } from '@cosmicai/torchfile';

/** Numbers that differ from pixel to pixel and from galaxy to galaxy. */
export function galaxies(count: number, spec: ModelSpec = ASTROMAE): PartitionBatch {
  const wave = (length: number, step: number) => Float64Array.from({ length }, (_, at) => ((at * step) % 1009) / 64);
  return {
    from: 0,
    count,
    images: Float32Array.from(wave(count * imagePixels(spec.image), 37)),
    magnitudes: wave(count * spec.features.length, 53),
    redshift: wave(count, 71),
  };
}

/** A partition file. */
export async function partitionBytes(batch: PartitionBatch, spec: ModelSpec = ASTROMAE): Promise<Uint8Array> {
  const { bands, side } = spec.image;
  const parts: Uint8Array[] = [];
  const shape = { count: batch.count, imageShape: [bands.length, side, side] } as const;
  for await (const part of partitionStream(shape, [batch])) parts.push(part);
  return Buffer.concat(parts);
}
