import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CloudFormationClient, CreateStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { CreateStateMachineCommand, DeleteStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { createFunctionPool, FunctionError, loadDefinition, type FunctionPool, localFunctions } from '@cosmicai/local';
import { formatReportLine } from '@cosmicai/payload';
import { startMoto } from '../../../../test/moto-server.ts';

const ACCOUNT = '123456789012';
const REGION = 'us-east-1';
export const STAGE = 'moto';
const MACHINE_ARN = `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:cosmicai-${STAGE}`;
const BUCKET = `cosmicai-${STAGE}-${ACCOUNT}-${REGION}`;
const MACHINE = fileURLToPath(new URL('../../../../state-machine.asl.yml', import.meta.url));

/**
 * A stage on moto. Its Step Functions executes the deployed definition; what moto does in Docker only, calling functions,
 * is done here: requests to Lambda go to the deployed bundles in processes of this machine, all others to moto.
 */
export interface MotoStage {
  /** What commands need to reach it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly bucket: string;
  /** Ranks whose function fails. */
  readonly failingRanks: Set<number>;
  /** Functions called so far, in their order: `init`, `infer 3` (the rank), `summarize`. */
  readonly calls: readonly string[];
  /** Lets no rank, or none of these, answer until the function returned is called; `reached` resolves when the first one is held. */
  hold(only?: readonly number[]): { readonly reached: Promise<unknown>; readonly release: () => void };
  /** Makes the state machine anew: moto can't start a second execution of one, because it can't copy the first. */
  renew(): Promise<void>;
  stop(): Promise<void>;
}

export interface MotoStageOptions {
  readonly modelPath: string;
  /** Of the functions, beside what they need to reach the stage. */
  readonly functionEnvironment?: Readonly<Record<string, string>>;
  /** Makes the state machine anew before every execution but the first, so that one command can start several. */
  readonly renews?: boolean;
  /** Of the root stack, beside those of every stage. */
  readonly outputs?: Readonly<Record<string, string>>;
}

export async function startMotoStage(options: MotoStageOptions): Promise<MotoStage> {
  const logDirectory = mkdtempSync(join(tmpdir(), 'cosmicai-moto-stage-'));
  const failingRanks = new Set<number>();
  const front = createServer();
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  const endpoint = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  const environment = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  // moto's engine calls Lambda and S3 at the port that MOTO_PORT names: the one in front of it.
  const moto = await startMoto({ MOTO_PORT: new URL(endpoint).port });
  const functions = await localFunctions({
    modelPath: options.modelPath,
    memoryMiB: 3008,
    concurrency: 2,
    store: undefined,
    environment: { ...environment, ...options.functionEnvironment },
  });
  const pool = createFunctionPool({ functions, concurrency: 4, logDirectory });
  const client = { endpoint, region: REGION, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
  const lambda = new LambdaOnThisMachine(pool, new CloudWatchLogsClient(client), failingRanks);
  const renew = async () => {
    await new SFNClient(client).send(new DeleteStateMachineCommand({ stateMachineArn: MACHINE_ARN }));
    await createMachine(client);
  };
  let starts = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const starting = request.headers['x-amz-target'] === 'AWSStepFunctions.StartExecution';
    if (options.renews === true && starting && starts++ > 0) await renew();
    const invoked = /^\/2015-03-31\/functions\/([^/]+)\/invocations/.exec(request.url ?? '')?.[1];
    await (invoked === undefined ? pass(moto.url, request, response) : lambda.answer(invoked, request, response));
  };
  front.on('request', (request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await fetch(`${moto.url}/moto-api/config`, {
    method: 'POST',
    body: JSON.stringify({ stepfunctions: { execute_state_machine: true } }),
  });
  await deploy(client, options.outputs ?? {});
  return {
    bucket: BUCKET,
    environment,
    failingRanks,
    calls: lambda.calls,
    hold: (only) => lambda.hold(only),
    renew,
    stop: async () => {
      await pool.close();
      await moto.stop();
      await closed(front);
      rmSync(logDirectory, { recursive: true, force: true });
    },
  };
}

interface ClientOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

async function createMachine(client: ClientOptions): Promise<void> {
  const definition = loadDefinition(MACHINE, {
    variables: {
      'sls:stage': STAGE,
      'self:custom.options.map_execution_type': 'STANDARD',
      'self:custom.options.infer_qualifier': '',
    },
  });
  await new SFNClient(client).send(
    new CreateStateMachineCommand({
      name: `cosmicai-${STAGE}`,
      definition: JSON.stringify(definition),
      roleArn: `arn:aws:iam::${ACCOUNT}:role/workflow`,
    }),
  );
}

/** The stack as the CLI looks at it. moto makes the state machines of stacks in an engine that doesn't execute them. */
async function deploy(client: ClientOptions, outputs: Readonly<Record<string, string>>): Promise<void> {
  await createMachine(client);
  const template = {
    Resources: { Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: BUCKET } } },
    Outputs: {
      BucketName: { Value: { Ref: 'Bucket' } },
      WorkflowArn: { Value: MACHINE_ARN },
      ...Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, { Value: value }])),
    },
  };
  const cloudFormation = new CloudFormationClient(client);
  const stack = { StackName: `cosmicai-${STAGE}` };
  await cloudFormation.send(new CreateStackCommand({ ...stack, TemplateBody: JSON.stringify(template) }));
  await cloudFormation.send(new DescribeStacksCommand(stack));
}

class LambdaOnThisMachine {
  readonly calls: string[] = [];
  readonly #pool: FunctionPool;
  readonly #logs: CloudWatchLogsClient;
  readonly #failingRanks: ReadonlySet<number>;
  readonly #groups = new Map<string, Promise<unknown>>();
  #held:
    | { readonly only?: readonly number[]; readonly reached: () => void; readonly released: Promise<unknown> }
    | undefined;

  constructor(pool: FunctionPool, logs: CloudWatchLogsClient, failingRanks: ReadonlySet<number>) {
    this.#pool = pool;
    this.#logs = logs;
    this.#failingRanks = failingRanks;
  }

  hold(only?: readonly number[]) {
    const reached = Promise.withResolvers<undefined>();
    const released = Promise.withResolvers<undefined>();
    this.#held = { ...(only && { only }), reached: () => reached.resolve(undefined), released: released.promise };
    const release = () => {
      this.#held = undefined;
      released.resolve(undefined);
    };
    return { reached: reached.promise, release };
  }

  async answer(deployedName: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const called = decodeURIComponent(deployedName).split('-').at(-1)!;
    const name = called === 'inference' ? 'infer' : called;
    const payload = (await bodyOf(request)).toString();
    const rank = name === 'infer' ? (JSON.parse(payload) as { RANK: string }).RANK : undefined;
    this.calls.push(rank === undefined ? name : `${name} ${rank}`);
    const held = this.#held;
    if (rank !== undefined && held?.only?.includes(Number(rank)) !== false) {
      held?.reached();
      await held?.released;
    }
    let report = '';
    const respond = async (requestId: string, headers: Record<string, string>, body: string) => {
      await this.#log(decodeURIComponent(deployedName), `${report}\n`);
      const tail = { 'x-amz-log-result': Buffer.from(report).toString('base64') };
      response.writeHead(200, { 'x-amzn-requestid': requestId, ...tail, ...headers }).end(body);
    };
    try {
      const input = name === 'infer' ? this.#spoil(payload) : payload;
      const { requestId, payload: answer } = await this.#pool.invoke(name, input, {
        onReport: (line) => (report = formatReportLine(line)),
      });
      await respond(requestId, {}, answer);
    } catch (error) {
      if (!(error instanceof FunctionError)) throw error;
      await respond(error.requestId, { 'x-amz-function-error': 'Unhandled' }, JSON.stringify(error.body));
    }
  }

  /** A rank that shall fail is asked for a partition that isn't there. */
  #spoil(payload: string): string {
    const task = JSON.parse(payload) as { RANK: string };
    return this.#failingRanks.has(Number(task.RANK)) ? JSON.stringify({ ...task, DATA_PATH: 'gone.pt' }) : payload;
  }

  async #log(functionName: string, message: string): Promise<void> {
    const stream = { logGroupName: `/aws/lambda/${functionName}`, logStreamName: 'only' };
    const made = this.#groups.get(functionName) ?? this.#makeStream(stream);
    this.#groups.set(functionName, made);
    await made;
    const logEvents = [{ timestamp: Date.now(), message }];
    await this.#logs.send(new PutLogEventsCommand({ ...stream, logEvents }));
  }

  async #makeStream(stream: { readonly logGroupName: string; readonly logStreamName: string }): Promise<void> {
    await this.#logs.send(new CreateLogGroupCommand({ logGroupName: stream.logGroupName }));
    await this.#logs.send(new CreateLogStreamCommand(stream));
  }
}

async function pass(url: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bodyOf(request);
  const { host: _host, connection: _connection, 'transfer-encoding': _encoding, ...headers } = request.headers;
  const method = request.method ?? 'GET';
  const passed = await requestTo(`${url}${request.url ?? '/'}`, method, headers, body);
  response.writeHead(passed.status, passed.headers).end(passed.body);
}

async function requestTo(url: string, method: string, headers: IncomingMessage['headers'], body: Buffer) {
  const { request } = await import('node:http');
  const sent = request(url, { method, headers: { ...headers, 'content-length': body.length } });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 502, headers: answer.headers, body: await bodyOf(answer) };
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
