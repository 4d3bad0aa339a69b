/**
 * Where a run's objects lie in the bucket. Everything of a run is under a folder of its own, so runs that share a
 * result_path never mix; `<rank>.json` and `combined_data.json` are also published at result_path, where existing
 * notebooks look for them.
 */
export interface RunLayout {
  readonly folder: string;
  /** The run as it was asked for, see RunRecord. */
  readonly run: string;
  /** JSON array of rank tasks: what ranks read, each its own, and Summarize checks against. */
  readonly manifest: string;
  /** JSON array of references to these tasks: what the Distributed Map reads. */
  readonly items: string;
  readonly summary: string;
  /** What lies in the folder and what it proves; written last. */
  readonly proof: string;
  readonly combined: string;
  /** Folder of the predictions, one Parquet file per rank. */
  readonly predictions: string;
  /** Folder in which the Distributed Map's ResultWriter leaves its manifest and the SUCCEEDED/FAILED lists. */
  readonly map: string;
  /** What the ranks computed together over FMI. */
  readonly fmi: string;
  /** The ranks' reductions, merged. */
  readonly reduction: string;
  /** The run's key for meeting through the rendezvous server; CheckRendezvous writes it, Summarize deletes it. */
  readonly rendezvousKey: string;
  readonly rankResult: (rank: number) => string;
  readonly rankPredictions: (rank: number) => string;
  /** Hashes of the rank's images, by which Summarize finds duplicates; not in `predictions`, which is read as a data set. */
  readonly rankHashes: (rank: number) => string;
  /** Hashes of the names of the rank's galaxies, likewise; not there where they have none. */
  readonly rankNames: (rank: number) => string;
  /** What Summarize and reports take of the rank's predictions, so that they needn't read them. */
  readonly rankReduction: (rank: number) => string;
  /** Prefix of what a rank has predicted before it is done; not in `predictions` either, and gone when it is. */
  readonly rankPieces: (rank: number) => string;
  readonly published: {
    readonly combined: string;
    readonly summary: string;
    readonly rankResult: (rank: number) => string;
    /** There while a run is published, so that no two are at once. */
    readonly lease: string;
  };
}

/** Above so many ranks only what holds them all is published: nobody reads thousands of files one by one. */
export const MOST_RANKS_PUBLISHED = 1000;

/** @param runId undefined for items made by somebody else's initializer, which have no run folder */
export function runLayout(resultPath: string, runId: string | undefined): RunLayout {
  const folder = runId === undefined ? resultPath : `${resultPath}/runs/${runId}`;
  return {
    folder,
    run: `${folder}/run.json`,
    manifest: `${folder}/manifest.json`,
    items: `${folder}/items.json`,
    summary: `${folder}/summary.json`,
    proof: `${folder}/proof.json`,
    combined: `${folder}/combined_data.json`,
    predictions: `${folder}/predictions`,
    map: `${folder}/map`,
    fmi: `${folder}/fmi.json`,
    reduction: `${folder}/reduction.bin`,
    rendezvousKey: `${folder}/rendezvous-key`,
    rankResult: (rank) => `${folder}/${rank}.json`,
    rankPredictions: (rank) => `${folder}/predictions/${rank}.parquet`,
    rankHashes: (rank) => `${folder}/hashes/${rank}.u64`,
    rankNames: (rank) => `${folder}/names/${rank}.u64`,
    rankReduction: (rank) => `${folder}/reductions/${rank}.bin`,
    rankPieces: (rank) => `${folder}/pieces/${rank}/`,
    published: {
      combined: `${resultPath}/combined_data.json`,
      summary: `${resultPath}/summary.json`,
      rankResult: (rank) => `${resultPath}/${rank}.json`,
      lease: `${resultPath}/publishing.json`,
    },
  };
}
