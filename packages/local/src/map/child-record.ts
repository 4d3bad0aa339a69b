import { defined, type MapResult } from '@cosmicai/payload';
import type { Json } from '../definition/types.ts';

/** A child execution of a distributed Map, whatever became of it. */
export interface ChildRecord {
  readonly index: number;
  /** Name of the execution, a UUID as on AWS; none before it starts. */
  name?: string;
  readonly input: Json;
  /** Items of the Map in its input. */
  readonly items: number;
  status: 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  output?: Json;
  error?: string;
  cause?: string;
  /** Epoch milliseconds. */
  startedAt?: number;
  stoppedAt?: number;
}

/** Names of the Map run and its children in the manner of AWS, with a made-up account and region. */
export interface MapRunNames {
  readonly mapRunArn: string;
  readonly stateMachineArn: string;
  readonly executionArn: (childName: string) => string;
}

export function mapRunNames(machine: string, label: string, id: string): MapRunNames {
  const prefix = 'arn:aws:states:local:000000000000';
  return {
    mapRunArn: `${prefix}:mapRun:${machine}/${label}:${id}`,
    stateMachineArn: `${prefix}:stateMachine:${machine}/${label}`,
    executionArn: (child) => `${prefix}:execution:${machine}/${label}:${child}`,
  };
}

/** One entry of SUCCEEDED_0.json, FAILED_0.json or PENDING_0.json; inputs and outputs are JSON text, as AWS writes them. */
export function resultEntry(child: ChildRecord, names: MapRunNames): MapResult & Record<string, unknown> {
  const input = { Input: JSON.stringify(child.input), InputDetails: { Included: true } };
  if (child.name === undefined) return { ...input, Status: 'PENDING' };
  return {
    ...defined({ Cause: child.cause, Error: child.error }),
    ExecutionArn: names.executionArn(child.name),
    ...input,
    Name: child.name,
    ...(child.output === undefined ? {} : { Output: JSON.stringify(child.output), OutputDetails: { Included: true } }),
    RedriveCount: 0,
    RedriveStatus: 'NOT_REDRIVABLE',
    StartDate: dateOf(child.startedAt),
    StateMachineArn: names.stateMachineArn,
    // None is at work any more when results are written.
    Status: child.status === 'RUNNING' ? 'ABORTED' : child.status,
    StopDate: dateOf(child.stoppedAt),
  };
}

function dateOf(time: number | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString();
}
