import { join } from 'node:path';
import { localTarget, type SweepTarget } from '@cosmicai/bench';
import { BrokenOffError } from '@cosmicai/engine';
import { localEngine, openPool } from '@cosmicai/local';
import { contextOf } from '../engines.ts';
import { accessNamed } from '../inputs/options.ts';
import type { Terminal } from '../output/terminal.ts';
import { simulateOn, sweepExecution, type SweepOptions } from './sweep-runs.ts';

export interface LocalSweepOptions extends SweepOptions {
  /** MB of a rank. */
  readonly memory: number;
  readonly concurrency?: number;
}

/** Runs of a sweep by this machine's own engine. @param folder of the sweep */
export async function sweepHere(options: LocalSweepOptions, folder: string, terminal: Terminal): Promise<SweepTarget> {
  const context = contextOf(terminal);
  const settings = { memory: options.memory, concurrency: options.concurrency };
  const model = context.modelAt(options.model);
  const pool = await openPool(settings, model, join(folder, 'logs'));
  const engines = { cold: localEngine(context, settings), warm: localEngine(context, { ...settings, pool }) };
  return localTarget(folder, options, {
    memory: options.memory,
    simulate: simulateOn(terminal),
    execute: async (run, warm) => {
      const engine = warm ? engines.warm : engines.cold;
      const execution = await engine.start({ model, changes: { ...accessNamed(options), ...run } });
      try {
        return sweepExecution(await engine.events(execution, { see: () => undefined, signal: terminal.signal }));
      } catch (error) {
        // A sweep goes on by itself.
        throw error instanceof BrokenOffError ? error.cause : error;
      }
    },
    close: () => pool.close(),
  });
}
