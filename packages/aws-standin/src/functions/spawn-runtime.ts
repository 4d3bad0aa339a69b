import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ServedFunction } from './function-settings.ts';
import { enterSandbox, PLACES, type Sandbox } from './sandbox.ts';

/** What asks the Runtime API for invocations in the processes of functions: a program for Node. */
export interface Runtime {
  readonly folder: string;
  /** In that folder. The handler's name follows it. */
  readonly program: string;
  /** Modules that Node loads before it, in that folder. */
  readonly preload?: readonly string[];
  /** Node's own. */
  readonly options?: readonly string[];
}

/** Ours. */
export const OWN_RUNTIME: Runtime = { folder: import.meta.dirname, program: 'runtime-loop.ts' };

export interface RuntimeSurroundings {
  readonly runtime: Runtime;
  /** Whether it runs in Lambda's sandbox (sandbox.ts). */
  readonly sandboxed: boolean;
  /** `host:port` of its Runtime API. */
  readonly api: string;
  readonly logStream: string;
  /** What the function has as /tmp; in a sandbox, where its root is mounted. */
  readonly temporary: string;
  readonly region: string;
  /** Beside Lambda's own variables; the function's own come first. */
  readonly environment: Readonly<Record<string, string>>;
}

export type RuntimeProcess = ChildProcessByStdio<null, Readable, Readable>;

/** Starts the runtime client of an execution environment with Lambda's variables and nothing of this process's own. */
export function spawnRuntime(
  served: ServedFunction,
  surroundings: RuntimeSurroundings,
): Pick<Sandbox, 'process'> & Partial<Sandbox> {
  const { runtime, sandboxed, api, logStream, temporary, region } = surroundings;
  const task = sandboxed ? PLACES.task : served.folder;
  const folder = sandboxed ? PLACES.runtime : runtime.folder;
  const command = [
    sandboxed ? PLACES.node : process.execPath,
    ...(runtime.preload ?? []).flatMap((name) => ['--require', join(folder, name)]),
    ...(runtime.options ?? []),
    join(folder, runtime.program),
    served.handler,
  ] as const;
  const environment = {
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
    LAMBDA_RUNTIME_DIR: folder,
    LAMBDA_TASK_ROOT: task,
    LANG: 'en_US.UTF-8',
    ...(sandboxed
      ? { PATH: '/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin' }
      : { HOME: temporary, PATH: process.env.PATH ?? '', TMPDIR: temporary }),
    TZ: ':UTC',
    _HANDLER: served.handler,
    ...surroundings.environment,
    // By it, who has asked for something is known.
    ...(served.role !== undefined && { AWS_ACCESS_KEY_ID: served.role }),
    ...served.environment,
  };
  if (sandboxed) {
    const { memoryMb, ephemeralStorageMb = 512, folder: taskFolder } = served;
    const places = { root: temporary, task: taskFolder, runtime: runtime.folder };
    return enterSandbox({ ...places, ephemeralStorageMb, memoryMb, command, environment });
  }
  const [program, ...args] = command;
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  return { process: spawn(program, args, { cwd: served.folder, stdio, env: environment }) };
}

export function logGroupOf(functionName: string): string {
  return `/aws/lambda/${functionName}`;
}
