import type { DescribeExecutionOutput, ExecutionListItem, ExecutionStatus, HistoryEvent } from '@aws-sdk/client-sfn';
import { defined, type JsonObject, RemoteError, UserInputError } from '@cosmicai/payload';
import { explained, isMissing } from './aws-errors.ts';
import type { RemoteExecution, WorkflowService } from './workflow-service.ts';

/** Most events that GetExecutionHistory and most executions that ListExecutions answer at once. */
const PAGE = 1000;
/** Failed children looked at while a Map runs; all of them are in its results afterwards. */
const FAILED_PAGE = 20;

/** The state machine of a stage on AWS. The SDK is loaded here, so that local commands start without it. */
export async function stepFunctions(machineArn: string, region: string): Promise<WorkflowService> {
  const sdk = await import('@aws-sdk/client-sfn');
  const client = new sdk.SFNClient({ region });
  const machine = nameIn(machineArn);
  const arnOf = (name: string) =>
    name.startsWith('arn:') ? name : `${machineArn.replace(':stateMachine:', ':execution:')}:${name}`;
  return {
    arnOf,
    definition: () =>
      explained(`read the definition of ${machine}`, async () => {
        const { definition } = await client.send(new sdk.DescribeStateMachineCommand({ stateMachineArn: machineArn }));
        return JSON.parse(told(definition, 'definition')) as JsonObject;
      }),
    start: (name, input) =>
      explained(`start an execution of ${machine}`, async () => {
        const request = { stateMachineArn: machineArn, name, input: JSON.stringify(input) };
        return told((await client.send(new sdk.StartExecutionCommand(request))).executionArn, 'executionArn');
      }),
    describe: async (arn) => {
      try {
        return await explained(`describe the execution ${arn}`, async () =>
          described(await client.send(new sdk.DescribeExecutionCommand({ executionArn: arn }))),
        );
      } catch (error) {
        if (!isMissing(error)) throw error;
        throw new UserInputError(
          `There is no execution ${nameIn(arn)} of ${machine}. "cosmicai status --target aws" lists them.`,
          { cause: error },
        );
      }
    },
    history: (arn) =>
      explained(`read the history of ${arn}`, async () => {
        const all: HistoryEvent[] = [];
        let nextToken: string | undefined;
        do {
          const request = { executionArn: arn, maxResults: PAGE, ...(nextToken !== undefined && { nextToken }) };
          const page = await client.send(new sdk.GetExecutionHistoryCommand(request));
          all.push(...(page.events ?? []));
          nextToken = page.nextToken;
        } while (nextToken !== undefined);
        return all;
      }),
    mapRun: (mapRunArn) =>
      explained(`describe the Map run ${mapRunArn}`, async () => {
        const run = await client.send(new sdk.DescribeMapRunCommand({ mapRunArn }));
        const counts = run.executionCounts;
        return {
          status: run.status ?? 'RUNNING',
          total: counts?.total ?? 0,
          succeeded: counts?.succeeded ?? 0,
          failed: (counts?.failed ?? 0) + (counts?.timedOut ?? 0),
          aborted: counts?.aborted ?? 0,
          pending: counts?.pending ?? 0,
          items: run.itemCounts?.total ?? 0,
          concurrency: run.maxConcurrency ?? 0,
        };
      }),
    failedChildren: (mapRunArn) =>
      explained(`list the failed ranks of ${mapRunArn}`, async () => {
        const list = async (statusFilter: ExecutionStatus) => {
          const request = { mapRunArn, statusFilter, maxResults: FAILED_PAGE };
          return (await client.send(new sdk.ListExecutionsCommand(request))).executions ?? [];
        };
        return [...(await list('FAILED')), ...(await list('TIMED_OUT'))].map((child) =>
          told(child.executionArn, 'executionArn'),
        );
      }),
    recent: (most) =>
      explained(`list the executions of ${machine}`, async () => {
        const found: RemoteExecution[] = [];
        let nextToken: string | undefined;
        do {
          const page = await client.send(
            new sdk.ListExecutionsCommand({
              stateMachineArn: machineArn,
              maxResults: Math.min(most, PAGE),
              ...(nextToken !== undefined && { nextToken }),
            }),
          );
          found.push(...(page.executions ?? []).map(described));
          nextToken = page.nextToken;
        } while (nextToken !== undefined && found.length < most);
        return found.slice(0, most);
      }),
    stop: (arn, cause) =>
      explained(`stop the execution ${arn}`, async () => {
        await client.send(new sdk.StopExecutionCommand({ executionArn: arn, error: 'Stopped', cause }));
      }),
    redrive: (arn) =>
      explained(`redrive the execution ${arn}`, async () => {
        await client.send(new sdk.RedriveExecutionCommand({ executionArn: arn }));
      }),
  };
}

/** The name at the end of an ARN. */
function nameIn(arn: string): string {
  return arn.slice(arn.lastIndexOf(':') + 1);
}

/** What every answer of Step Functions holds, though its types leave it open. */
function told<Value>(value: Value | undefined, field: string): Value {
  if (value === undefined) throw new RemoteError(`Step Functions answered without ${field}.`);
  return value;
}

function described(found: DescribeExecutionOutput | ExecutionListItem): RemoteExecution {
  const details: Partial<DescribeExecutionOutput> = found;
  const { input, output, error, cause, redriveStatus, redriveStatusReason } = details;
  return {
    arn: told(found.executionArn, 'executionArn'),
    name: told(found.name, 'name'),
    status: told(found.status, 'status'),
    startedAt: told(found.startDate, 'startDate'),
    ...defined({ stoppedAt: found.stopDate, input, output, error, cause }),
    ...(redriveStatus !== undefined &&
      redriveStatus !== 'REDRIVABLE' && { notRedrivable: redriveStatusReason ?? redriveStatus }),
  };
}
