import type { Simulate, SweepExecution } from '@cosmicai/bench';
import { assembleRunReport } from '@cosmicai/report';
import type { RunPlace } from '@cosmicai/runs';
import { gatherRun } from '@cosmicai/runs/gather';
import { writeSimulation } from '../commands/simulate.ts';
import { byteSize, type AccessOptions } from '../inputs/options.ts';
import type { Terminal } from '../output/terminal.ts';
import type { Execution } from '../run/execute.ts';

/** What the command line says about the runs of a sweep, beside its axes. */
export interface SweepOptions extends AccessOptions {
  /** Folder or address of partitions; undefined: a simulated survey. */
  readonly data?: string;
  /** Galaxies of the simulated survey. */
  readonly count: number;
  readonly seed: number;
  readonly model?: string;
}

/** Simulates with progress on the terminal. */
export function simulateOn(terminal: Terminal): Simulate {
  return ({ partitionSize, ...survey }) =>
    writeSimulation({ ...survey, partitionSize: byteSize(partitionSize) }, terminal);
}

/** An execution as a sweep takes it. @param place of the run that it made; undefined: it came to no summary */
export function sweepExecution(execution: Execution, place: RunPlace | undefined): SweepExecution {
  const { status, error, cause } = execution;
  return { status, error, cause, figures: place && (() => figuresOf(execution, place)) };
}

async function figuresOf(execution: Execution, place: RunPlace) {
  const material = await gatherRun(place, execution, { cutouts: false });
  const { ranks, rates, cost } = assembleRunReport(material);
  return { summary: material.summary, reports: [...(material.reports?.values() ?? [])], ranks, rates, cost };
}
