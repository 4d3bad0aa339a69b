import type { Simulate, SweepExecution } from '@cosmicai/bench';
import type { Outcome } from '@cosmicai/engine';
import { assembleRunReport } from '@cosmicai/report';
import type { RunPlace } from '@cosmicai/runs';
import { gatherRun } from '@cosmicai/runs/gather';
import { writeSimulation } from '../commands/simulate.ts';
import { byteSize, type AccessOptions } from '../inputs/options.ts';
import type { Terminal } from '../output/terminal.ts';

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

/** An execution as a sweep takes it. */
export function sweepExecution(outcome: Outcome): SweepExecution {
  const { status, error, cause, place } = outcome;
  return { status, error, cause, figures: place && (() => figuresOf(outcome, place)) };
}

async function figuresOf(outcome: Outcome, place: RunPlace) {
  const material = await gatherRun(place, outcome, { forPage: false });
  const { ranks, rates, cost } = assembleRunReport(material);
  return { summary: material.summary, reports: [...(material.reports?.values() ?? [])], ranks, rates, cost };
}
