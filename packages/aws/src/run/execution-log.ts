import type { LogLine, LogQuery } from '@cosmicai/engine';
import { UserInputError } from '@cosmicai/payload';
import { calledFunctions } from '../stage/called-functions.ts';
import { cloudWatchLogs, type LogLine as LoggedLine } from '../services/function-logs.ts';
import { openStage } from '../stage/stage.ts';
import { historyOf, runOf } from './find-execution.ts';
import { namesOtherRun, withoutOtherRuns } from './invocation-lines.ts';

/** Functions write their last lines after their answer has gone out. */
const AFTER_MS = 5000;

/**
 * What the functions of a stage logged for an execution, function by function, oldest first. Others may be at work at the same time, or
 * begin before the last lines of this one are there: what is known to be theirs is left out.
 *
 * @param name undefined: the newest execution
 */
export async function executionLog(
  stageName: string,
  name: string | undefined,
  filter: Omit<LogQuery, 'execution'>,
): Promise<LogLine[]> {
  const { workflow, options } = await openStage(stageName);
  const execution = name === undefined ? (await workflow.recent(1))[0] : await workflow.describe(workflow.arnOf(name));
  if (execution === undefined) throw new UserInputError(`No executions on stage ${stageName}.`);
  const { names } = calledFunctions(await workflow.definition());
  const asked = names.filter((one) => one.includes(filter.function ?? ''));
  if (asked.length === 0)
    throw new UserInputError(`No function is called *${filter.function ?? ''}*. There are: ${names.join(', ')}.`);
  const logs = await cloudWatchLogs(options.region);
  const runId = runOf(await historyOf(workflow, execution.arn))?.runId;
  const lines: LogLine[] = [];
  for (const functionName of asked) {
    const query = {
      functionName,
      from: execution.startedAt.getTime(),
      ...(execution.stoppedAt !== undefined && { to: execution.stoppedAt.getTime() + AFTER_MS }),
      ...(filter.filter !== undefined && { pattern: filter.filter }),
    };
    const logged: LoggedLine[] = [];
    for await (const line of logs.lines(query)) logged.push(line);
    for (const { at, message } of ofRun(logged, runId, filter.filter !== undefined))
      lines.push({ time: new Date(at).toISOString(), function: functionName, message });
  }
  return lines;
}

/** @param sifted whether lines were chosen by a pattern, so that those around them aren't there */
function ofRun(lines: readonly LoggedLine[], runId: string | undefined, sifted: boolean): readonly LoggedLine[] {
  if (runId === undefined) return lines;
  return sifted ? lines.filter((line) => !namesOtherRun(line, runId)) : withoutOtherRuns(lines, runId);
}
