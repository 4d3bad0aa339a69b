import type { RunEventBody, RunStatus } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';
import type { Clock } from '../clock.ts';
import { isObject, textOf, type Json, type JsonObject } from '../definition/types.ts';
import { checkStateSize, StateError } from '../interpreter/state-error.ts';
import { mapRunNames, resultEntry, type ChildRecord } from './child-record.ts';
import { childInputs } from './item-batcher.ts';
import { readItems } from './item-reader.ts';
import { numberField } from './numbers.ts';
import { resultTarget, writeResults } from './result-writer.ts';
import { exceeds, toleranceOf } from './tolerance.ts';

/** A child of an earlier attempt that succeeded: it is kept when its input is still the same. */
export interface FinishedChild {
  readonly name: string;
  readonly input: Json;
  readonly output: Json;
  readonly startedAt: number;
  readonly stoppedAt: number;
}

export interface DistributedMapRun {
  /** Name of the Map state. */
  readonly name: string;
  readonly map: JsonObject;
  /** Input of the state, after InputPath. */
  readonly input: Json;
  readonly context: JsonObject;
  readonly machineName: string;
  readonly openBucket: (bucket: string) => ObjectStore;
  /** Most children at once on this machine; the definition's MaxConcurrency applies too. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly emit: (event: RunEventBody) => void;
  /** Children of an earlier attempt by index. */
  readonly finished?: ReadonlyMap<number, FinishedChild>;
  /** Runs the inner machine once. */
  readonly runChild: (
    child: { readonly index: number; readonly name: string; readonly input: Json },
    signal: AbortSignal,
  ) => Promise<Json>;
}

/**
 * Runs a Map in distributed mode as Step Functions does: read the items, batch them, run a child execution for each,
 * stop when more fail than is tolerated, write the results.
 *
 * @returns the outputs of the children, or with a ResultWriter where they were written
 * @throws StateError States.ExceedToleratedFailureThreshold, States.ItemReaderFailed, States.ResultWriterFailed
 * @throws the abort reason when the signal fires
 */
export async function runDistributedMap(run: DistributedMapRun): Promise<Json> {
  const { name: state, map, input, context, signal, emit } = run;
  const writer = isObject(map.ResultWriter) ? map.ResultWriter : undefined;
  const target = writer === undefined ? undefined : await resultTarget(writer, input, context);
  const tolerance = await toleranceOf(map, input, context);
  const most = (await numberField(map, 'MaxConcurrency', { min: 0 }, input, context)) ?? 0;
  const concurrency = Math.max(1, most === 0 ? run.concurrency : Math.min(most, run.concurrency));

  const items = await readItems({ map, input, context, openBucket: run.openBucket, signal });
  const inputs = await childInputs(map, items, input, context);
  for (const [index, { input: given }] of inputs.entries())
    checkStateSize(given, `The input of child ${index} of Map ${state}`);
  const children = inputs.map((child, index): ChildRecord => ({ index, ...child, status: 'PENDING' }));
  emit({ type: 'MapRunStarted', state, items: items.length, children: children.length, concurrency });

  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  let failedItems = 0;
  await pMap(
    children,
    async (child) => {
      if (stopped.aborted) return;
      await runOne(run, child, stopped);
      if (child.status !== 'FAILED' && child.status !== 'TIMED_OUT') return;
      failedItems += child.items;
      if (exceeds(tolerance, failedItems, items.length)) stop.abort(new Error('Too many items failed.'));
    },
    { concurrency },
  );

  const count = (statuses: readonly ChildRecord['status'][]) =>
    children.filter((child) => statuses.includes(child.status)).length;
  const ended = (status: RunStatus, manifestKey?: string) => {
    emit({
      type: 'MapRunEnded',
      state,
      status,
      succeeded: count(['SUCCEEDED']),
      failed: count(['FAILED', 'TIMED_OUT']),
      aborted: count(['ABORTED']),
      pending: count(['PENDING']),
      ...(manifestKey === undefined ? {} : { manifestKey }),
    });
  };
  if (signal.aborted) ended('ABORTED');
  signal.throwIfAborted();

  const id = run.newId();
  const names = mapRunNames(run.machineName, textOf(map.Label ?? state), id);
  const key = target && (await writeResults(run.openBucket(target.bucket), target, id, names, children));
  if (stop.signal.aborted) {
    ended('FAILED', key);
    throw tooManyFailed(children, failedItems, items.length);
  }
  ended('SUCCEEDED', key);
  if (target !== undefined && key !== undefined) {
    return { MapRunArn: names.mapRunArn, ResultWriterDetails: { Bucket: target.bucket, Key: key } };
  }
  const outputs = children.map((child) =>
    child.status === 'SUCCEEDED' ? (child.output ?? null) : (resultEntry(child, names) as JsonObject),
  );
  // What ResultPath null throws away goes nowhere, so it may be of any size.
  if (map.ResultPath !== null) checkStateSize(outputs, `The list of the outputs of Map ${state}`);
  return outputs;
}

async function runOne(run: DistributedMapRun, child: ChildRecord, signal: AbortSignal): Promise<void> {
  const { name: state, emit, clock } = run;
  const { index, input } = child;
  const kept = run.finished?.get(index);
  if (kept !== undefined && JSON.stringify(kept.input) === JSON.stringify(input)) {
    Object.assign(child, { ...kept, input, status: 'SUCCEEDED' });
    emit({ type: 'ChildKept', state, index, output: kept.output });
    return;
  }
  const name = run.newId();
  Object.assign(child, { name, status: 'RUNNING', startedAt: clock.now() });
  emit({ type: 'ChildStarted', state, index, name, input });
  try {
    child.output = await run.runChild({ index, name, input }, signal);
    child.status = 'SUCCEEDED';
    emit({ type: 'ChildSucceeded', state, index, output: child.output });
  } catch (error) {
    if (signal.aborted) {
      child.status = 'ABORTED';
      emit({ type: 'ChildAborted', state, index });
      return;
    }
    if (!(error instanceof StateError)) throw error;
    child.status = error.name === 'States.Timeout' ? 'TIMED_OUT' : 'FAILED';
    child.error = error.name;
    child.cause = error.message;
    emit({ type: 'ChildFailed', state, index, error: error.name, cause: error.message });
  } finally {
    child.stoppedAt = clock.now();
  }
}

function tooManyFailed(children: readonly ChildRecord[], failed: number, total: number): StateError {
  const first = children.find((child) => child.error !== undefined);
  const example = first === undefined ? '' : ` The first of them, item ${first.index}: ${first.error} ${first.cause}`;
  return new StateError(
    'States.ExceedToleratedFailureThreshold',
    `The specified tolerated failure threshold was exceeded: ${failed} of ${total} items failed.${example}`,
  );
}
