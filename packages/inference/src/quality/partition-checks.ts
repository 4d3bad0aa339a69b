import type { Galaxies } from '@cosmicai/samples';
import { imageHashes } from './image-hashes.ts';
import { PhotometrySums } from './photometry.ts';

/** What is taken down of a partition's images while they are there, to look at the partition as a whole afterwards. */
export class PartitionChecks {
  readonly photometry = new PhotometrySums();
  readonly hashes: BigUint64Array[] = [];

  /** Each batch once, in order. */
  add(batch: Pick<Galaxies, 'count' | 'images' | 'magnitudes'>): void {
    this.photometry.add(batch);
    this.hashes.push(imageHashes(batch));
  }
}
