import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { exited, outOfMemory, residentMemory, timedOut, type FunctionErrorBody } from '@cosmicai/local';
import { formatReportLine } from '@cosmicai/payload';
import type { ServedFunction } from './function-settings.ts';
import { InvocationLog, type LogSink } from './invocation-log.ts';
import { serveRuntimeApi, type InvocationForRuntime } from './runtime-api.ts';
import { logGroupOf, spawnRuntime, type RuntimeSurroundings } from './spawn-runtime.ts';

export interface Surroundings extends Omit<RuntimeSurroundings, 'api' | 'logStream'> {
  readonly account: string;
  readonly sink: LogSink;
  /** Is told of each sandbox, once its function has been called, where that may write. */
  readonly onWritable?: (functionName: string, places: readonly string[]) => void;
}

/** What an invocation comes to. */
export interface Outcome {
  readonly requestId: string;
  /** JSON text: the answer, or the error. */
  readonly payload: string;
  readonly failed: boolean;
  /** The last lines of its log. */
  readonly log: string;
}

/** How the runtime client ended an invocation, or the environment did. */
type End = { readonly answer: string } | { readonly error: string };

/** What Lambda keeps for a function: a process that takes invocations, one at a time, until one of them ends it. */
export interface ExecutionEnvironment {
  /** Whether it can take another invocation. */
  readonly alive: boolean;
  /** @param begun is told the process when it has the invocation */
  invoke(payload: string, begun?: (pid: number) => void): Promise<Outcome>;
  kill(): Promise<void>;
}

/** A process that ends tells nothing of its memory. */
const MEMORY_POLL_MS = 50;

export async function startEnvironment(
  served: ServedFunction,
  surroundings: Surroundings,
): Promise<ExecutionEnvironment> {
  const { region, account, sink } = surroundings;
  const functionArn = `arn:aws:lambda:${region}:${account}:function:${served.name}`;
  const today = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
  const logStream = `${today}/[$LATEST]${randomUUID().replaceAll('-', '')}`;
  const log = new InvocationLog(sink, { group: logGroupOf(served.name), stream: logStream, role: served.role });

  /** How the next invocation is handed to the process, once it has asked for it. */
  let asked = Promise.withResolvers<(invocation: InvocationForRuntime) => void>();
  let initError: string | undefined;
  let current: { readonly requestId: string; readonly end: (end: End) => void } | undefined;
  const api = await serveRuntimeApi({
    onNext: (give) => asked.resolve(give),
    // What belongs to no invocation under way comes too late.
    onResponse: (requestId, answer) => requestId === current?.requestId && current.end({ answer }),
    onError: (requestId, error) => requestId === current?.requestId && current.end({ error }),
    onInitError: (error) => {
      initError = error;
    },
  });
  const spawned = performance.now();
  const spawnedRuntime = spawnRuntime(served, { ...surroundings, api: api.address, logStream });
  const { process: child } = spawnedRuntime;
  log.read(child.stdout);
  log.read(child.stderr);
  let alive = true;
  let wantedMemory = false;
  let peakBytes = 0;
  const look = () => {
    peakBytes = Math.max(peakBytes, (child.pid === undefined ? undefined : residentMemory(child.pid))?.peak ?? 0);
  };
  child.on('error', (error) => log.say(error.message));
  // `close`, not `exit`: then all that it printed has been read.
  const ended = once(child, 'close').then(
    () => undefined,
    () => undefined,
  );
  const over = ended.then(() => {
    alive = false;
    wantedMemory = spawnedRuntime.outOfMemory?.() ?? false;
    spawnedRuntime.remove?.();
    return api.close();
  });
  let initMs: number | undefined = 0;
  const initialised = Promise.race([asked.promise, ended]).then(() => {
    initMs = performance.now() - spawned;
  });

  const kill = async () => {
    alive = false;
    child.kill('SIGKILL');
    await over;
  };

  /** Hands the invocation to the process and waits for what comes first: its answer, its end, or the deadline. */
  const exchange = async (requestId: string, payload: string, begun?: (pid: number) => void): Promise<End> => {
    const end = Promise.withResolvers<End>();
    current = { requestId, end: end.resolve };
    const asError = (body: FunctionErrorBody): End => ({ error: JSON.stringify(body) });
    const gone = () =>
      asError(
        wantedMemory ? outOfMemory(requestId, served.memoryMb) : exited(requestId, child.exitCode, child.signalCode),
      );
    void over.then(() => end.resolve(initError === undefined ? gone() : { error: initError }));
    const timer = setTimeout(() => {
      end.resolve(asError(timedOut(requestId, served.timeoutSeconds)));
      void kill();
    }, served.timeoutSeconds * 1000);
    const looking = setInterval(look, MEMORY_POLL_MS);
    const deadline = Date.now() + served.timeoutSeconds * 1000;
    const traceId = `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomUUID().replaceAll('-', '').slice(8)};Sampled=0`;
    void asked.promise.then((give) => {
      asked = Promise.withResolvers();
      give({ requestId, payload, deadline, functionArn, traceId });
      if (child.pid !== undefined) begun?.(child.pid);
    });
    try {
      return await end.promise;
    } finally {
      clearTimeout(timer);
      clearInterval(looking);
      current = undefined;
    }
  };

  return {
    get alive() {
      return alive;
    },
    async invoke(payload, begun) {
      const requestId = randomUUID();
      log.say(`START RequestId: ${requestId} Version: $LATEST`);
      await initialised;
      const initDurationMs = initMs;
      initMs = undefined;
      const started = performance.now();
      const end = await exchange(requestId, payload, begun);
      const durationMs = performance.now() - started;
      look();
      if (alive && initDurationMs !== undefined && spawnedRuntime.writable !== undefined)
        surroundings.onWritable?.(served.name, spawnedRuntime.writable());
      await log.drain();
      const errorType = 'error' in end ? errorTypeOf(end.error) : undefined;
      if ('error' in end && !alive) log.say(messageOf(end.error));
      log.say(`END RequestId: ${requestId}`);
      log.say(
        formatReportLine({
          requestId,
          durationMs,
          billedDurationMs: Math.ceil(durationMs + (initDurationMs ?? 0)),
          memorySizeMb: served.memoryMb,
          maxMemoryUsedMb: Math.ceil(peakBytes / 2 ** 20),
          ...(initDurationMs !== undefined && { initDurationMs }),
          ...(errorType !== undefined && {
            status: errorType === 'Sandbox.Timedout' ? 'timeout' : 'error',
            errorType,
          }),
        }),
      );
      const outcome = 'error' in end ? { payload: end.error, failed: true } : { payload: end.answer, failed: false };
      return { requestId, ...outcome, log: await log.flush() };
    },
    kill,
  };
}

function errorTypeOf(error: string): string {
  return (JSON.parse(error) as FunctionErrorBody).errorType;
}

function messageOf(error: string): string {
  return (JSON.parse(error) as FunctionErrorBody).errorMessage;
}
