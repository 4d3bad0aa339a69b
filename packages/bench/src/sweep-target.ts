import type { Cost, RankRow, Rates } from '@cosmicai/metrics';
import type { ReportLine, RunStatus, RunSummary } from '@cosmicai/payload';
import type { BenchReport } from './bench-run.ts';
import type { SweepRun } from './sweep.ts';

/** Where the runs of a sweep are made: this machine, a deployed stage, whatever an engine works at. */
export interface SweepTarget extends AsyncDisposable {
  /** What bench.json says of it. */
  readonly configuration: BenchReport['configuration'];
  /** Keeps its runs apart from those of other places in the same folder; absent: this machine. */
  readonly place?: string | undefined;
  /** Whether data sets that are named without a folder are its own; else they are simulated. */
  readonly hasDataSets?: boolean;
  /**
   * Runs the workflow once. A run that fails is an execution too.
   *
   * @throws UserInputError when there is nothing to read; the abort reason when the sweep is stopped
   */
  run(run: SweepRun): Promise<SweepExecution>;
}

/** A run to be made, as its payload takes it. */
export interface RunToMake {
  /** Folder or address of the partition files. */
  readonly data: string;
  /** Folder or address for the results. */
  readonly results: string;
  readonly worldSize: number;
  readonly batchSize: number;
}

/** How a run ended. */
export interface SweepExecution {
  readonly status: RunStatus;
  readonly error: string | undefined;
  readonly cause: string | undefined;
  /** Reads what the run left; undefined: it came to no summary. */
  readonly figures: (() => Promise<RunFigures>) | undefined;
}

/** What a run left, as far as its row tells of it. */
export interface RunFigures {
  readonly summary: Pick<
    RunSummary,
    'run_id' | 'samples' | 'wall_clock_seconds' | 'slowest_rank_seconds' | 'failed_ranks'
  > & { readonly ranks: Pick<RunSummary['ranks'], 'succeeded' | 'cold_starts'> };
  /** The REPORT line of each rank's last invocation; empty where there are none. */
  readonly reports: readonly ReportLine[];
  readonly ranks: readonly Pick<RankRow, 'memoryMb'>[];
  readonly rates: Pick<Rates, 'byWallClock'>;
  /** Its bill; null: not known. */
  readonly cost: Pick<Cost, 'usd'> | null;
}
