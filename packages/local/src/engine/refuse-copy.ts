import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { plannedRunOf, resumeCommand } from '@cosmicai/engine';
import { EVENT_LOG, parseEventLog, shellWord, UserInputError, type RunPayload } from '@cosmicai/payload';
import { executionsFolder } from '@cosmicai/runs';
import { pathAt } from '@cosmicai/store';

/**
 * Refuses to go on with an execution that lies elsewhere than beside the results that it writes: a copy of it, or one that was moved,
 * would go on with files that aren't beside it.
 *
 * @throws UserInputError naming both places, and what works at the one that was given
 */
export async function refuseCopy(
  directory: string,
  { bucket, result_path: resultPath }: Pick<RunPayload, 'bucket' | 'result_path'>,
): Promise<void> {
  // Executions whose results are in a bucket lie wherever they were begun.
  if (pathAt(bucket) === undefined) return;
  const own = executionsFolder({ bucket, resultPath }, directory);
  if ((await real(own)) === (await real(dirname(directory)))) return;
  const log = join(directory, EVENT_LOG);
  const events = await readFile(log).then(
    (bytes) => parseEventLog(bytes, log).events,
    () => [],
  );
  const runId = plannedRunOf(events)?.runId;
  const run = runId === undefined ? undefined : resolve(directory, '..', '..', 'runs', runId);
  throw new UserInputError(
    [
      `${directory} was copied or moved: it goes on with the run in ${dirname(own)}, not with what lies beside it.`,
      `Go on where it was begun: ${resumeCommand(join(own, basename(directory)))}`,
      ...(run === undefined
        ? []
        : [
            `What lies here is gone on with rank by rank, n from 0: cosmicai rank --manifest ${shellWord(run)} --index <n>`,
            `And then: cosmicai summarize ${shellWord(run)}`,
          ]),
    ].join('\n'),
  );
}

async function real(path: string): Promise<string> {
  return await realpath(path).catch(() => resolve(path));
}
