import { decodeReduction, type KeptReduction } from '@cosmicai/metrics';
import { UnusableFileError, type FileWithHead, type RankResult } from '@cosmicai/payload';
import type { MissingRank } from '@cosmicai/runs';
import { NotFoundError, sha256Of, type ObjectStore } from '@cosmicai/store';

/**
 * Reads what a rank reduced its predictions to, as it wrote it.
 *
 * @param residuals also read these, 8 bytes a galaxy
 * @returns what is wrong where something else lies there
 */
export async function readReduction(
  store: ObjectStore,
  { key, size, sha256, head }: FileWithHead,
  { samples }: Pick<RankResult, 'samples'>,
  residuals: boolean,
): Promise<KeptReduction | MissingRank> {
  const damaged = (cause: string): MissingRank => ({ error: 'ReductionDamaged', cause });
  try {
    const bytes = residuals ? await store.get(key) : await store.getRange(key, 0, head.size);
    if (sha256Of(bytes) !== (residuals ? sha256 : head.sha256))
      return damaged(
        `${key} is not what the rank wrote: ${bytes.length} bytes of ${residuals ? size : head.size}, and another SHA-256`,
      );
    const kept = decodeReduction(bytes.subarray(0, head.size), residuals ? bytes.subarray(head.size) : undefined, key);
    const { galaxies } = kept.ledger;
    return galaxies === samples
      ? kept
      : damaged(`${key} is of ${galaxies} galaxies, and the rank predicted ${samples}`);
  } catch (error) {
    if (error instanceof NotFoundError) return damaged(`${key} is gone`);
    if (error instanceof UnusableFileError) return damaged(error.message);
    throw error;
  }
}
