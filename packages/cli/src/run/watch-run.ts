import { plannedRunBy, type Engine, type Outcome } from '@cosmicai/engine';
import { ProgressFile } from '@cosmicai/runs';
import { printBlock, type Terminal } from '../output/terminal.ts';
import { RunProgress } from './run-progress.ts';

/**
 * Follows an execution to its end and shows how far it is.
 *
 * @param tells whether other terminals shall see it, too, by its progress file; for who has started it
 * @returns undefined when following was interrupted and the execution goes on
 */
export async function watchRun(
  engine: Engine,
  execution: string,
  terminal: Terminal,
  tells = true,
): Promise<Outcome | undefined> {
  const file = tells ? new ProgressFile(engine.folderOf(execution)) : undefined;
  let runId: string | null = null;
  using shown = new RunProgress(terminal, {
    tell: (figures) =>
      file?.write({ run_id: runId, written_at: new Date().toISOString(), pid: process.pid, ...figures }),
  });
  try {
    return await engine.events(execution, {
      see: (event) => {
        runId = plannedRunBy(event)?.runId ?? runId;
        shown.show(event);
      },
      hear: (signal) => shown.hear(signal),
      signal: terminal.signal,
    });
  } catch (error) {
    if (!terminal.signal.aborted || error !== terminal.signal.reason) throw error;
    const { follow, stop } = engine.commands(execution);
    printBlock(
      terminal.stderr,
      `No longer following; the execution goes on.\nFollow it again: ${follow}\nStop it:         ${stop}`,
    );
    return undefined;
  } finally {
    file?.remove();
  }
}
