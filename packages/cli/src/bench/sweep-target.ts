import type { BenchReport, SweepRun } from '@cosmicai/bench';
import type { AccessOptions } from '../inputs/options.ts';
import type { RunPlace } from '@cosmicai/runs';
import type { Execution } from '../run/execute.ts';

/** Where the runs of a sweep are made: this machine, or a deployed stage. */
export interface SweepTarget extends AsyncDisposable {
  /** What bench.json says of it. */
  readonly configuration: BenchReport['configuration'];
  /**
   * Runs the workflow once. A run that fails is an execution too.
   *
   * @throws UserInputError when there is nothing to read; the abort reason when the signal fires
   */
  run(run: SweepRun): Promise<SweepExecution>;
}

export interface SweepExecution {
  readonly execution: Execution;
  /** The run that it made; undefined: it came to no summary. */
  readonly place: RunPlace | undefined;
}

/** What the command line says about the runs of a sweep, beside its axes. */
export interface SweepOptions extends AccessOptions {
  /** Folder or address of partitions; undefined: a simulated survey. */
  readonly data?: string;
  /** Galaxies of the simulated survey. */
  readonly count: number;
  readonly seed: number;
  readonly model?: string;
}
