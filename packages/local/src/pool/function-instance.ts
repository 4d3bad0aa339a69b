import { fork } from 'node:child_process';
import { extname, join } from 'node:path';
import { NO_TELEMETRY } from '@cosmicai/payload/no-telemetry';
import type { FunctionConfig } from './function-config.ts';
import { exited, FunctionError, outOfMemory, timedOut, type FunctionErrorBody } from './function-error.ts';
import { BOOTSTRAP, type ChildMessage, type InvokeMessage } from './messages.ts';
import { residentMemory } from './resident-memory.ts';
import type { Orphans } from './wake-orphans.ts';

/** Beside this file and of its kind: TypeScript, or JavaScript when built. */
const BOOTSTRAP_FILE = join(import.meta.dirname, `bootstrap${extname(import.meta.filename)}`);
const MIB = 1024 * 1024;
/** Often enough to stop a runaway before it hurts the machine; the exact peak is checked when an invocation ends. */
const MEMORY_POLL_MS = 50;

export interface Answer {
  /** JSON text. */
  readonly payload: string;
  readonly peakRss: number;
}

/** A child process that holds one function, ready or starting: what Lambda calls an execution environment. */
export interface FunctionInstance {
  readonly name: string;
  readonly pid: number | undefined;
  /** Peak resident memory seen so far, in bytes. */
  readonly peakRss: number;
  /** Whether the process can take another invocation. */
  readonly alive: boolean;
  /** Resolves when the bundle is loaded. */
  init(requestId: string, signal: AbortSignal): Promise<void>;
  /**
   * @param onProgress is told what the function says of its work while it is under way
   * @throws FunctionError when the function fails; the abort reason when the signal fires
   */
  invoke(
    requestId: string,
    payload: string,
    signal: AbortSignal,
    onProgress?: (progress: unknown) => void,
  ): Promise<Answer>;
  kill(): Promise<void>;
}

/**
 * @param name function name, as the environment tells it to the function
 * @param log file descriptor that receives the function's standard output and error
 * @param orphans is told of the process for as long as it lives
 */
export function startInstance(name: string, config: FunctionConfig, log: number, orphans: Orphans): FunctionInstance {
  const child = fork(BOOTSTRAP_FILE, {
    execPath: process.execPath,
    execArgv: [],
    stdio: ['ignore', log, log, 'ipc'],
    env: environmentOf(name, config),
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const { pid } = child;
  if (pid !== undefined) {
    orphans.add(pid);
    void ended.then(() => orphans.delete(pid));
  }
  let peakRss = 0;
  let alive = true;
  void ended.then(() => (alive = false));
  // Between invocations nobody else listens: a process that dies then is simply not used again.
  child.on('error', () => undefined);

  const stop = () => {
    alive = false;
    child.kill('SIGKILL');
  };

  /** Waits for one message, under the memory and time limits of the function. */
  const exchange = (
    requestId: string,
    signal: AbortSignal,
    message?: InvokeMessage,
    onProgress?: (progress: unknown) => void,
  ) =>
    new Promise<ChildMessage>((resolve, reject) => {
      const settle = (act: () => void) => {
        clearInterval(memory);
        clearTimeout(time);
        signal.removeEventListener('abort', aborted);
        child.off('message', received);
        child.off('exit', exitedEarly);
        child.off('error', notStarted);
        act();
      };
      const fail = (body: FunctionErrorBody) => settle(() => reject(new FunctionError(requestId, body)));
      const kill = (body: FunctionErrorBody) => {
        stop();
        fail(body);
      };
      const aborted = () => {
        stop();
        settle(() => reject(signal.reason as Error));
      };
      const received = (answer: ChildMessage) => {
        if (answer.type === 'progress') {
          if (answer.requestId === requestId) onProgress?.(answer.progress);
          return;
        }
        if ('peakRss' in answer) peakRss = Math.max(peakRss, answer.peakRss);
        if (peakRss > config.memoryMiB * MIB) kill(outOfMemory(requestId, config.memoryMiB));
        else settle(() => resolve(answer));
      };
      const exitedEarly = (code: number | null, by: NodeJS.Signals | null) => fail(exited(requestId, code, by));
      const notStarted = (error: Error) => {
        alive = false;
        fail({ errorType: 'Runtime.ExitError', errorMessage: `RequestId: ${requestId} Error: ${error.message}` });
      };
      const memory = setInterval(() => {
        peakRss = Math.max(peakRss, (child.pid === undefined ? undefined : residentMemory(child.pid))?.peak ?? 0);
        if (peakRss > config.memoryMiB * MIB) kill(outOfMemory(requestId, config.memoryMiB));
      }, MEMORY_POLL_MS);
      const time = setTimeout(() => kill(timedOut(requestId, config.timeoutSeconds)), config.timeoutSeconds * 1000);
      child.on('message', received);
      child.once('exit', exitedEarly);
      child.once('error', notStarted);
      signal.addEventListener('abort', aborted);
      if (signal.aborted) aborted();
      else if (message !== undefined) child.send(message);
    });

  return {
    name,
    pid,
    get peakRss() {
      return peakRss;
    },
    get alive() {
      return alive && child.connected;
    },
    async init(requestId, signal) {
      const message = await exchange(requestId, signal);
      if (message.type === 'initFailed') throw new FunctionError(requestId, message.error);
    },
    async invoke(requestId, payload, signal, onProgress) {
      if (!child.connected) throw new FunctionError(requestId, exited(requestId, child.exitCode, child.signalCode));
      const deadline = Date.now() + config.timeoutSeconds * 1000;
      const message = await exchange(requestId, signal, { requestId, payload, deadline }, onProgress);
      if (message.type === 'answer') return { payload: message.payload, peakRss: message.peakRss };
      if (message.type === 'error') throw new FunctionError(requestId, message.error);
      throw new Error(`The process of function ${name} sent "${message.type}" in answer to an invocation.`);
    },
    async kill() {
      stop();
      await ended;
    },
  };
}

function environmentOf(name: string, config: FunctionConfig): NodeJS.ProcessEnv {
  // Options meant for the command line's own Node (an inspector port, a loader) must not reach every function.
  // Where this is a function of Lambda itself, its functions still have this machine's folders.
  const { NODE_OPTIONS: _own, AWS_LAMBDA_RUNTIME_API: _lambda, ...inherited } = process.env;
  return {
    ...inherited,
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(config.memoryMiB),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    ...config.environment,
    ...NO_TELEMETRY,
    [BOOTSTRAP.bundle]: config.bundle,
    [BOOTSTRAP.handler]: config.handler,
  };
}
