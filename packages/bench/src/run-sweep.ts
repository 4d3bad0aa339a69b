import type { BenchFolder } from './bench-folder.ts';
import { rowOf } from './bench-row.ts';
import type { BenchReport, BenchRun } from './bench-run.ts';
import type { SweepRun } from './sweep.ts';
import type { SweepTarget } from './sweep-target.ts';

export interface SweepWatch {
  readonly signal: AbortSignal;
  /** After each run. */
  readonly onRow: (row: BenchRun, run: SweepRun, seen: { readonly runs: number; readonly kept: boolean }) => void;
}

/**
 * Makes the runs of a sweep, one after the other, and keeps the row of each in the sweep's folder; those that it holds
 * already are not made again.
 *
 * @throws the abort reason when the signal fires: a run that was stopped has no row
 */
export async function runSweep(
  runs: readonly SweepRun[],
  target: SweepTarget,
  folder: BenchFolder,
  { signal, onRow }: SweepWatch,
): Promise<BenchRun[]> {
  const rows: BenchRun[] = [];
  for (const run of runs) {
    signal.throwIfAborted();
    const earlier = await folder.finished(run);
    const row = earlier ?? (await made(run, target, signal));
    if (earlier === undefined) await folder.keep(row);
    rows.push(row);
    onRow(row, run, { runs: rows.length, kept: earlier !== undefined });
  }
  return rows;
}

async function made(run: SweepRun, target: SweepTarget, signal: AbortSignal): Promise<BenchRun> {
  const ended = await target.run(run);
  signal.throwIfAborted();
  return rowOf(run, ended);
}

/** What a sweep was made with, beside its target's own configuration. */
export interface SweepSettings {
  /** As the user named it; undefined: none was named. */
  readonly data: string | undefined;
  /** Whether data sets were named. */
  readonly dataSets: boolean;
  readonly count: number;
  readonly repeat: number;
  readonly seed: number;
}

/** Content of bench.json. */
export function sweepReport(
  runs: readonly BenchRun[],
  { configuration, hasDataSets = false }: Pick<SweepTarget, 'configuration' | 'hasDataSets'>,
  { data, dataSets, count, repeat, seed }: SweepSettings,
  about: Pick<BenchReport, 'generatedAt' | 'versions'>,
): BenchReport {
  const { target, ...rest } = configuration;
  const simulated = data === undefined && !(hasDataSets && dataSets);
  return {
    title: 'Sweep',
    ...about,
    runs: [...runs],
    configuration: {
      target: target ?? null,
      data: simulated ? 'simulated survey' : (data ?? 'data sets of the stage'),
      galaxies: simulated ? count : null,
      repeat,
      ...rest,
    },
    warnings: [],
    seed,
  };
}
