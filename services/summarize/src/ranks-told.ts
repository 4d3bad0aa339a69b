import { distinctTaken, type RankResult, type TakenColumn } from '@cosmicai/payload';
import { provenRank, type ProvenRank } from '@cosmicai/runs';
import { RankSentences } from './rank-sentences.ts';

/** What the summary of a run takes of a rank's result: a few numbers, whatever the rank has read. */
export type RankTold = Pick<
  RankResult,
  | 'rank'
  | 'samples'
  | 'bits'
  | 'timing'
  | 'cold_start'
  | 'peak_rss_mb'
  | 'memory_limit_mb'
  | 'architecture'
  | 'model_sha256'
  | 'arithmetic'
>;

/** What the ranks of a run tell, taken in one after the other in their order; their results needn't be kept. */
export class RanksTold {
  readonly ranks: RankTold[] = [];
  readonly proven: ProvenRank[] = [];
  readonly warnings = new RankSentences();
  readonly notChecked = new RankSentences();
  /** Ranks that left hashes of names. */
  readonly named = new Set<number>();
  #taken: readonly TakenColumn[] = [];

  add(result: RankResult): void {
    const { rank, samples, bits, timing, cold_start, peak_rss_mb, memory_limit_mb, architecture } = result;
    const { model_sha256, arithmetic } = result;
    this.ranks.push({
      ...{ rank, samples, bits, timing, cold_start, peak_rss_mb, memory_limit_mb, architecture, model_sha256 },
      ...(arithmetic && { arithmetic }),
    });
    if (result.names_file !== undefined) this.named.add(rank);
    this.proven.push(provenRank(result));
    this.warnings.add(rank, result.warnings);
    this.notChecked.add(rank, result.not_checked);
    if (result.columns_taken !== undefined) this.#taken = distinctTaken([...this.#taken, ...result.columns_taken]);
  }

  /** Columns of the partitions that were taken for what, each once. */
  get taken(): readonly TakenColumn[] {
    return this.#taken;
  }
}
