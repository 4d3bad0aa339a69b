import type { RunFigures, Simulate } from '@cosmicai/bench';
import type { Outcome } from '@cosmicai/engine';
import { assembleRunReport } from '@cosmicai/report';
import type { RunPlace } from '@cosmicai/runs';
import { gatherRun } from '@cosmicai/runs/gather';
import { writeSimulation } from '../commands/simulate.ts';
import { byteSize } from '../inputs/options.ts';
import type { Terminal } from '../output/terminal.ts';

/** Simulates with progress on the terminal. */
export function simulateOn(terminal: Terminal): Simulate {
  return ({ partitionSize, ...survey }) =>
    writeSimulation({ ...survey, partitionSize: byteSize(partitionSize) }, terminal);
}

/** What a run of a sweep left. */
export async function figuresOf(outcome: Outcome, place: RunPlace): Promise<RunFigures> {
  const material = await gatherRun(place, outcome, { forPage: false, checkAll: false });
  const { ranks, rates, cost } = assembleRunReport(material);
  return { summary: material.summary, reports: [...(material.reports?.values() ?? [])], ranks, rates, cost };
}
