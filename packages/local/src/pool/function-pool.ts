import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { formatReportLine } from '@cosmicai/payload';
import type { FunctionReport } from '@cosmicai/payload';
import { codeOf, whyRefused } from '@cosmicai/store';
import pLimit from 'p-limit';
import { systemClock, type Clock } from '../clock.ts';
import { ownValue } from '../definition/types.ts';
import type { FunctionConfig } from './function-config.ts';
import { FunctionError } from './function-error.ts';
import { startInstance, type FunctionInstance } from './function-instance.ts';
import { wakeOrphans, type Orphans } from './wake-orphans.ts';

const MIB = 1024 * 1024;

export interface InvokeOptions {
  readonly signal?: AbortSignal;
  /** Called when a process begins to work on the invocation. */
  readonly onStart?: (started: { readonly requestId: string; readonly pid: number | undefined }) => void;
  /** Called with what the function says of its work (its context's `reportProgress`), the latest of every quarter second. */
  readonly onProgress?: (progress: unknown, requestId: string) => void;
  readonly onReport?: (report: FunctionReport) => void;
}

export interface FunctionPoolOptions {
  readonly functions: Readonly<Record<string, FunctionConfig>>;
  /** Most invocations, and so most processes, at once. */
  readonly concurrency: number;
  /** Folder of the log files, one for each function: `<function>.log`. */
  readonly logDirectory: string;
  readonly clock?: Clock;
  readonly newId?: () => string;
}

export interface InvocationAnswer {
  readonly requestId: string;
  /** JSON text. */
  readonly payload: string;
}

/** Functions as child processes: one invocation at a time each, kept warm between invocations. */
export interface FunctionPool {
  readonly names: readonly string[];
  /**
   * @param payload JSON text
   * @throws FunctionError when the function fails; the abort reason when the signal fires
   */
  invoke(name: string, payload: string, options?: InvokeOptions): Promise<InvocationAnswer>;
  /** Ends every process. Invocations under way fail. */
  close(): Promise<void>;
}

/**
 * @example
 * const pool = createFunctionPool({
 *   functions: { init: { bundle: 'dist/init.mjs', handler: 'handler', memoryMiB: 512, timeoutSeconds: 60 } },
 *   concurrency: 4,
 *   logDirectory: 'run/logs',
 * });
 */
export function createFunctionPool(options: FunctionPoolOptions): FunctionPool {
  const { functions, concurrency, clock = systemClock, newId = randomUUID } = options;
  const limit = pLimit(concurrency);
  const instances = new Set<FunctionInstance>();
  const idle: FunctionInstance[] = [];
  const closed = new AbortController();
  const logs = new Map<string, number>();
  const underWay = new Set<Promise<void>>();
  let orphans: Orphans | undefined;

  const logOf = (name: string) => {
    let log = logs.get(name);
    if (log === undefined) {
      log = openLog(options.logDirectory, name);
      logs.set(name, log);
    }
    return log;
  };

  const discard = async (instance: FunctionInstance) => {
    instances.delete(instance);
    await instance.kill();
  };

  const warmInstance = (name: string) => {
    for (const [at, instance] of [...idle.entries()].reverse()) {
      if (instance.name === name || !instance.alive) idle.splice(at, 1);
      if (!instance.alive) instances.delete(instance);
      else if (instance.name === name) return instance;
    }
    return undefined;
  };

  const coldInstance = async (name: string, config: FunctionConfig) => {
    // Processes of other functions make room, longest idle first.
    while (instances.size >= concurrency) {
      const oldest = idle.shift();
      if (oldest === undefined) break;
      await discard(oldest);
    }
    const instance = startInstance(name, config, logOf(name), (orphans ??= wakeOrphans()));
    instances.add(instance);
    return instance;
  };

  const run = async (name: string, payload: string, { onStart, onProgress, onReport, signal }: InvokeOptions) => {
    const config = ownValue(functions, name);
    if (config === undefined) {
      throw new FunctionError('', {
        errorType: 'Lambda.ResourceNotFoundException',
        errorMessage: `Function not found: ${name}. This run has: ${Object.keys(functions).join(', ') || 'none'}.`,
      });
    }
    const stop = signal === undefined ? closed.signal : AbortSignal.any([closed.signal, signal]);
    stop.throwIfAborted();
    const requestId = newId();
    const warm = warmInstance(name);
    const spawned = clock.now();
    const instance = warm ?? (await coldInstance(name, config));
    const log = logOf(name);
    let initialised = spawned;
    let errorType: string | undefined;
    try {
      note(log, `START RequestId: ${requestId} Version: $LATEST\n`);
      onStart?.({ requestId, pid: instance.pid });
      if (warm === undefined) {
        await instance.init(requestId, stop);
        initialised = clock.now();
      }
      const answer = await instance.invoke(requestId, payload, stop, (progress) => onProgress?.(progress, requestId));
      return { requestId, payload: answer.payload };
    } catch (error) {
      errorType = error instanceof FunctionError ? error.body.errorType : 'Aborted';
      if (error instanceof FunctionError) note(log, `${error.body.errorMessage}\n`);
      throw error;
    } finally {
      const durationMs = clock.now() - initialised;
      const initDurationMs = warm === undefined ? initialised - spawned : undefined;
      const report: FunctionReport = {
        functionName: name,
        requestId,
        durationMs,
        billedDurationMs: Math.ceil(durationMs + (initDurationMs ?? 0)),
        memorySizeMb: config.memoryMiB,
        maxMemoryUsedMb: Math.ceil(instance.peakRss / MIB),
        ...(initDurationMs === undefined ? {} : { initDurationMs }),
        ...(errorType === undefined
          ? {}
          : { status: errorType === 'Sandbox.Timedout' ? 'timeout' : 'error', errorType }),
      };
      note(log, `END RequestId: ${requestId}\n${formatReportLine(report)}\n`);
      onReport?.(report);
      if (instance.alive) idle.push(instance);
      else await discard(instance);
    }
  };

  return {
    names: Object.keys(functions),
    invoke(name, payload, invokeOptions = {}) {
      const invocation = limit(() => run(name, payload, invokeOptions));
      const settled = invocation.then(
        () => void underWay.delete(settled),
        () => void underWay.delete(settled),
      );
      underWay.add(settled);
      return invocation;
    },
    async close() {
      closed.abort(new Error('The function pool was closed.'));
      await Promise.all([...instances].map(discard));
      idle.length = 0;
      // Invocations that were waiting or under way still write their last lines.
      await Promise.all(underWay);
      orphans?.close();
      for (const log of logs.values()) closeSync(log);
      logs.clear();
    },
  };
}

/** Logs are worth no failure of a function: where they can't be written, what it does itself fails or doesn't. */
function openLog(folder: string, name: string): number {
  try {
    mkdirSync(folder, { recursive: true });
    return openSync(join(folder, `${name}.log`), 'a');
  } catch (error) {
    if (whyRefused(codeOf(error)) === undefined) throw error;
    return openSync(devNull, 'a');
  }
}

function note(log: number, text: string): void {
  try {
    writeSync(log, text);
  } catch {
    // Nobody to tell.
  }
}
