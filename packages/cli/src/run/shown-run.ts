import type { FunctionBeat } from '@cosmicai/local';
import type { RunEvent } from '@cosmicai/payload';
import { ProgressFile } from '@cosmicai/runs';
import type { ObjectStore } from '@cosmicai/store';
import type { Terminal } from '../output/terminal.ts';
import { plannedBytes, plannedRunIn } from './planned-run.ts';
import { RunProgress } from './run-progress.ts';

/** A run of this machine as the terminal shows it, and as others can see it by its progress file until it is over. */
export interface ShownRun extends Disposable {
  see(event: RunEvent): void;
  readonly beat: (beat: FunctionBeat) => void;
}

/**
 * @param directory folder of the execution
 * @param open opens the bucket of the run, which knows how much there is to do
 */
export function showRun(directory: string, open: (bucket: string) => ObjectStore, terminal: Terminal): ShownRun {
  const file = new ProgressFile(directory);
  let runId: string | null = null;
  const progress = new RunProgress(terminal, {
    tell: (figures) =>
      file.write({ run_id: runId, written_at: new Date().toISOString(), pid: process.pid, ...figures }),
  });
  return {
    see(event) {
      const run = plannedRunIn(plan(event));
      if (run !== undefined && run.run_id !== runId) {
        runId = run.run_id;
        void plannedBytes(run, open).then((bytes) => bytes !== undefined && progress.plan(bytes));
      }
      progress.show(event);
    },
    beat: (beat) => progress.beat(beat),
    [Symbol.dispose]() {
      progress[Symbol.dispose]();
      file.remove();
    },
  };
}

/** Where a plan may be: what a state of the run itself answered, or what the run goes on with. */
function plan(event: RunEvent): unknown {
  if (event.type === 'StateExited' && event.in === undefined) return event.output;
  return event.type === 'RunResumed' ? event.input : undefined;
}
