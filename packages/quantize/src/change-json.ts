import type { Quantization } from '@cosmicai/payload';
import type { Bin } from './bins.ts';
import type { ToldChange } from './change.ts';
import type { Quantized } from './quantize.ts';

/** What `model quantize --json` prints: what the file says of itself, then intervals and bins, in the names of scores elsewhere. */
export function changeJson({
  quantization,
  change,
  bins,
}: Pick<Quantized, 'quantization' | 'change' | 'bins'>): Quantization & {
  readonly intervals: ToldChange['intervals'] | null;
  readonly by_redshift: readonly object[];
  readonly by_magnitude: readonly object[];
} {
  return {
    ...quantization,
    intervals: change?.intervals ?? null,
    by_redshift: bins.redshift.map(binJson),
    by_magnitude: bins.magnitude.map(binJson),
  };
}

function binJson({ from, to, change }: Bin): object {
  return {
    from,
    to,
    galaxies: change.galaxies,
    max_dz: change.maxDz,
    mean_dz: change.meanDz,
    dz_999: change.dz999,
    scores_before: change.before,
    scores_after: change.after,
    intervals: change.intervals,
  };
}
