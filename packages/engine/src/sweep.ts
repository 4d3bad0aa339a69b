import type { RunToMake, SweepExecution, SweepTarget } from '@cosmicai/bench';
import { UserInputError } from '@cosmicai/payload';
import { makeNamedFolder } from '@cosmicai/store';
import type { SweepRequest } from './capabilities.ts';
import type { Engine } from './engine.ts';
import { BrokenOffError } from './errors.ts';

/** Makes the runs of a sweep by an engine: in its own way, or as any other run, on folders of this machine. */
export async function openSweep(engine: Engine, request: SweepRequest, signal: AbortSignal): Promise<SweepTarget> {
  if (engine.sweep !== undefined) return engine.sweep(request);
  const { folderTarget } = await import('@cosmicai/bench');
  return folderTarget(request.folder, request.data, {
    configuration: { target: engine.name },
    place: engine.name,
    simulate: request.simulate,
    execute: async (run) => {
      // Its results lie in it, and no engine has to make a store.
      await makeNamedFolder(request.folder, 'The sweep');
      return runOfSweep(engine, run, request, signal);
    },
  });
}

/**
 * Runs the workflow once, for a sweep.
 *
 * @throws UserInputError when there is nothing to read; the abort reason when the signal fires, and the execution is stopped then
 */
export async function runOfSweep(
  engine: Engine,
  run: RunToMake,
  { model, changes, figures }: Pick<SweepRequest, 'model' | 'changes' | 'figures'>,
  signal: AbortSignal,
): Promise<SweepExecution> {
  const execution = await engine.start({ model, changes: { ...changes, ...run } });
  try {
    const outcome = await engine.events(execution, { see: () => undefined, signal });
    const { status, error, cause, place } = outcome;
    return { status, error, cause, figures: place && (() => figures(outcome, place)) };
  } catch (error) {
    // Nobody waits for it any more, and it would stand in the way of the run that goes on in its place.
    if (signal.aborted) await engine.stop(execution).catch(unlessOver);
    // A sweep goes on by itself.
    throw error instanceof BrokenOffError ? error.cause : error;
  }
}

function unlessOver(error: unknown): void {
  if (!(error instanceof UserInputError)) throw error;
}
