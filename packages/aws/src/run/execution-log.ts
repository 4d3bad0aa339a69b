import type { LogLine, LogQuery } from '@cosmicai/engine';
import { UserInputError } from '@cosmicai/payload';
import { calledFunctions } from '../stage/called-functions.ts';
import { cloudWatchLogs } from '../services/function-logs.ts';
import { openStage } from '../stage/stage.ts';

/** Functions write their last lines after their answer has gone out. */
const AFTER_MS = 5000;

/**
 * What the functions of a stage logged during an execution, function by function, oldest first.
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
  const lines: LogLine[] = [];
  for (const functionName of asked) {
    const query = {
      functionName,
      from: execution.startedAt.getTime(),
      ...(execution.stoppedAt !== undefined && { to: execution.stoppedAt.getTime() + AFTER_MS }),
      ...(filter.filter !== undefined && { pattern: filter.filter }),
    };
    for await (const { at, message } of logs.lines(query))
      lines.push({ time: new Date(at).toISOString(), function: functionName, message });
  }
  return lines;
}
