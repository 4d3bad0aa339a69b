import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { ServedFunction } from './function-settings.ts';

/** The command that asks the Runtime API for invocations; the handler's name follows it. */
export type RuntimeCommand = readonly [program: string, ...args: string[]];

/** Ours. AWS's own is `node --max-http-header-size 81920 <aws-lambda-ric>/index.mjs`. */
export const OWN_RUNTIME: RuntimeCommand = [
  process.execPath,
  fileURLToPath(new URL('runtime-loop.ts', import.meta.url)),
];

export interface RuntimeSurroundings {
  readonly runtime: RuntimeCommand;
  /** `host:port` of its Runtime API. */
  readonly api: string;
  readonly logStream: string;
  /** What the function has as /tmp. */
  readonly temporary: string;
  readonly region: string;
  /** Beside Lambda's own variables; the function's own come first. */
  readonly environment: Readonly<Record<string, string>>;
}

export type RuntimeProcess = ChildProcessByStdio<null, Readable, Readable>;

/**
 * Starts the runtime client of an execution environment with Lambda's variables and nothing of this process's own. What Lambda
 * puts around it (root read-only, /tmp of a size, memory, another user) would be put around the command here: there is nothing yet.
 */
export function spawnRuntime(served: ServedFunction, surroundings: RuntimeSurroundings): RuntimeProcess {
  const { runtime, api, logStream, temporary, region } = surroundings;
  const [program, ...args] = runtime;
  return spawn(program, [...args, served.handler], {
    cwd: served.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_LAMBDA_FUNCTION_NAME: served.name,
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(served.memoryMb),
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_LAMBDA_LOG_GROUP_NAME: logGroupOf(served.name),
      AWS_LAMBDA_LOG_STREAM_NAME: logStream,
      AWS_LAMBDA_RUNTIME_API: api,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      HOME: temporary,
      LAMBDA_TASK_ROOT: served.folder,
      LANG: 'en_US.UTF-8',
      PATH: process.env.PATH,
      TMPDIR: temporary,
      TZ: ':UTC',
      _HANDLER: served.handler,
      ...surroundings.environment,
      ...served.environment,
    },
  });
}

export function logGroupOf(functionName: string): string {
  return `/aws/lambda/${functionName}`;
}
