import { join } from 'node:path';
import { localTarget, type SweepTarget } from '@cosmicai/bench';
import { accessNamed } from '../inputs/options.ts';
import type { Terminal } from '../output/terminal.ts';
import { execute, openPool } from '../run/execute.ts';
import { composePayload } from '../run/payload.ts';
import { placeOf } from '../run/report-run.ts';
import { simulateOn, sweepExecution, type SweepOptions } from './sweep-runs.ts';

export interface LocalSweepOptions extends SweepOptions {
  /** MB of a rank. */
  readonly memory: number;
  readonly concurrency?: number;
}

/** Runs of a sweep by this machine's own engine. @param folder of the sweep */
export async function sweepHere(options: LocalSweepOptions, folder: string, terminal: Terminal): Promise<SweepTarget> {
  const pool = await openPool({ ...options, logDirectory: join(folder, 'logs') }, terminal);
  return localTarget(folder, options, {
    memory: options.memory,
    simulate: simulateOn(terminal),
    execute: async (run, warm) => {
      const { payload } = composePayload({}, { ...accessNamed(options), ...run }, terminal.cwd);
      const execution = await execute({ ...options, payload, quiet: true, ...(warm && { pool }) }, terminal);
      return sweepExecution(execution, placeOf(execution, undefined));
    },
    close: () => pool.close(),
  });
}
