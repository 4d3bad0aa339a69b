import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { freePort } from '../../../test/free-port.ts';
import { startMoto } from '../../../test/moto-server.ts';
import { oneDeployment } from '../../../test/one-deployment.ts';
import { cloudWatchSink, logEvents } from './cloudwatch.ts';
import { startFunctionHost, type FunctionHostOptions, type Intercept } from './functions/function-host.ts';
import type { ServedFunction } from './functions/function-settings.ts';
import type { LogEvent } from './functions/invocation-log.ts';
import { logGroupOf, OWN_RUNTIME, type Runtime } from './functions/spawn-runtime.ts';

const EXECUTING_MOTO = fileURLToPath(new URL('../moto/executing_moto.py', import.meta.url));
const COSMICAI = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
/** moto's. */
const ACCOUNT = '123456789012';
const REGION = 'us-east-1';
/** Access keys by which callers are told apart. */
const [DEPLOYER, RUNNER, LAMBDA] = ['deployer', 'runner', 'lambda.amazonaws.com'];
const SECRET = 'secret';

/** Why AWS can't be stood in for here; undefined when it can. */
export function whyNoStandIn(): string | undefined {
  try {
    execFileSync('python3', ['-c', 'import moto.server'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'python3 has no moto (pip install "moto[server]==5.2.1")';
  }
}

export interface ServiceTasks {
  readonly command: readonly [string, ...string[]];
  /** Beside that of the task's definition. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface StandInOptions {
  /** Of every function, beside Lambda's and its own. */
  readonly functionEnvironment?: Readonly<Record<string, string>>;
  /** Functions that can be called by these names though nothing of that name is deployed: folders with bundles. */
  readonly functions?: readonly ServedFunction[];
  /** Sees each call of a function before it, and may take its time. */
  readonly intercept?: Intercept;
  readonly onCall?: NonNullable<FunctionHostOptions['onCall']>;
  readonly onWritable?: NonNullable<FunctionHostOptions['onWritable']>;
  readonly concurrency?: NonNullable<FunctionHostOptions['concurrency']>;
  /** What asks the Runtime API for invocations in the processes of functions. */
  readonly runtime?: Runtime;
  /** What runs as the task of every service of ECS, in the place of its container; default: services have no tasks. */
  readonly tasks?: ServiceTasks;
  /** Whether functions run in Lambda's sandbox; where `whyNoSandbox` knows no reason against it. */
  readonly sandboxed?: boolean;
}

/** Who asked for what, as IAM names it. */
export interface RecordedCall {
  /** `deployer` or `runner` (a command), or the name of the role of a function or a state machine. */
  readonly principal: string;
  /** IAM's prefix: `s3`, `states`, `lambda`, … */
  readonly service: string;
  readonly action: string;
  /** ARN, or `*` where it isn't known. */
  readonly resource: string;
  /** The request as the API names it: several may need one action. */
  readonly operation: string;
}

/** An account of AWS on this machine, which executes what is deployed into it. */
export interface StandIn {
  readonly endpoint: string;
  readonly account: string;
  readonly region: string;
  /** What commands and SDKs need to reach it. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Writes the file of a stage.
   *
   * @param options as in config/<stage>.yml; those that moto needs are there already
   */
  describe(stage: string, options?: object): Promise<void>;
  /**
   * Types `cosmicai deploy <stage>` of a stage so described, when no other test deploys.
   *
   * @returns what the command printed
   */
  deploy(stage: string, options?: object): Promise<string>;
  /** What was asked of AWS so far, in order. */
  calls(): Promise<readonly RecordedCall[]>;
  /** All that a function has logged, oldest first. */
  functionLogs(functionName: string): Promise<readonly LogEvent[]>;
  /** Ends all its processes; what it held is gone. */
  close(): Promise<void>;
}

/** @throws Error where python3 has another moto than the one that it was made for */
export async function startStandIn(options: StandInOptions = {}): Promise<StandIn> {
  const folder = await mkdtemp(join(tmpdir(), 'cosmicai-aws-'));
  const [packages, stages, recorded] = ['packages', 'stages', 'calls.jsonl'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(packages);
  await mkdir(stages);
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const env = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: RUNNER,
    AWS_SECRET_ACCESS_KEY: SECRET,
  };
  const clients = new Map<string, CloudWatchLogsClient>();
  const logsAs = (principal: string) => {
    const credentials = { accessKeyId: principal, secretAccessKey: SECRET };
    const client = clients.get(principal) ?? new CloudWatchLogsClient({ endpoint, region: REGION, credentials });
    clients.set(principal, client);
    return client;
  };
  const host = await startFunctionHost({
    ...options,
    folder,
    account: ACCOUNT,
    region: REGION,
    runtime: options.runtime ?? OWN_RUNTIME,
    sandboxed: options.sandboxed ?? false,
    environment: { ...env, ...options.functionEnvironment },
    sink: cloudWatchSink((role) => logsAs(role ?? LAMBDA)),
  });
  const moto = await startMoto(
    {
      COSMICAI_FUNCTION_HOST: host.address,
      COSMICAI_FUNCTION_CODE: packages,
      COSMICAI_CALLS: recorded,
      ...(options.tasks && {
        COSMICAI_TASKS: JSON.stringify({
          command: options.tasks.command,
          environment: { AWS_ENDPOINT_URL: endpoint, ...options.tasks.environment },
        }),
      }),
      // Where it has no credentials it would look for some on 169.254.169.254.
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    { program: 'python3', args: [EXECUTING_MOTO] },
    port,
  ).catch(async (error: unknown) => {
    await host.close();
    await rm(folder, { recursive: true });
    throw error;
  });
  // moto knows no change sets and needs the bucket for packages to be there before.
  const describe = (stage: string, stageOptions: object = {}) => {
    const deployment = { bucket: `cosmicai-${stage}-packages`, method: 'direct' };
    return writeFile(join(stages, `${stage}.yml`), JSON.stringify({ deployment, ...stageOptions }));
  };
  return {
    endpoint,
    account: ACCOUNT,
    region: REGION,
    env: { ...env, COSMICAI_STAGES: stages },
    describe,
    async deploy(stage, stageOptions) {
      await describe(stage, stageOptions);
      const environment = { ...process.env, ...env, AWS_ACCESS_KEY_ID: DEPLOYER, COSMICAI_STAGES: stages };
      const command = () => promisify(execFile)(process.execPath, [COSMICAI, 'deploy', stage], { env: environment });
      return (await oneDeployment(command)).stdout;
    },
    calls: async () => {
      const lines = (await readFile(recorded, 'utf8')).trim().split('\n');
      return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as RecordedCall);
    },
    functionLogs: (functionName) => logEvents(logsAs(RUNNER), logGroupOf(functionName)),
    close: async () => {
      await host.close();
      await moto.stop();
      for (const client of clients.values()) client.destroy();
      await rm(folder, { recursive: true });
    },
  };
}
