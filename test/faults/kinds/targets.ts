/** What ranks leave, and so what there is before a run comes to its end. */
export const OF_RANKS = ['rank.json', 'predictions/rank.parquet', 'hashes/rank.u64', 'reductions/rank.bin'] as const;

/** What a run leaves, and what it published; of what is of ranks there are several to swap. */
export const TARGETS = [
  ...OF_RANKS,
  'summary.json',
  'combined_data.json',
  'reduction.bin',
  'proof.json',
  'manifest.json',
  'items.json',
  'run.json',
  'published rank.json',
  'published summary.json',
  'published combined_data.json',
] as const;
export type Target = (typeof TARGETS)[number];

/** The key of a target in the store of a site. */
export function keyOf(target: Target, runId: string, rank: number): string {
  const name = target.replace('published ', '').replace('rank', String(rank));
  return target.startsWith('published ') ? `results/${name}` : `results/runs/${runId}/${name}`;
}
