import { ASTROMAE, isAstromae, type ModelSpec } from '@cosmicai/payload';
import type { Galaxies } from '@cosmicai/samples';
import { ImageHashes, imageHashes } from './image-hashes.ts';
import { ObjectNames } from './object-names.ts';
import { PhotometrySums } from './photometry.ts';

/** What is taken down of a partition's images and names while they are there, to look at the partition as a whole afterwards. */
export class PartitionChecks {
  readonly photometry = new PhotometrySums();
  readonly names = new ObjectNames();
  /** Of this partition, and of others where they share it. */
  readonly hashes: ImageHashes;
  readonly #hasPhotometry: boolean;

  /** Which band is which, and what magnitudes it has, is known of what AstroMAE takes alone. */
  constructor(spec: ModelSpec = ASTROMAE, hashes: ImageHashes = new ImageHashes()) {
    this.hashes = hashes;
    this.#hasPhotometry = isAstromae(spec);
  }

  /** Each batch once, in order. */
  add(batch: Pick<Galaxies, 'count' | 'images' | 'magnitudes' | 'id'>): void {
    if (this.#hasPhotometry) this.photometry.add(batch);
    this.hashes.add(imageHashes(batch));
    this.names.add(batch.id);
  }
}
