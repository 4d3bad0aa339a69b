import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { ObjectStore } from '@cosmicai/store';
import type { MotoStage } from './moto-stage.ts';

/** A history event as the API spells it: times are epoch seconds. */
interface WireEvent {
  readonly id: number;
  readonly type: string;
  readonly timestamp: number;
  readonly [details: string]: unknown;
}

interface Initialized {
  readonly run: { readonly manifest_key: string };
}

/** What became of an execution after its redrive. */
interface Redriven {
  readonly events: WireEvent[];
  readonly output: string;
}

export interface RedriveStandIn {
  /** The stage's environment, with the stand-in between. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/**
 * RedriveExecution, which moto doesn't know, for executions that were stopped in their Map: as Step Functions, it calls the
 * children again that had not succeeded, then what follows, and lengthens the history. Everything else goes to the stage.
 *
 * @param store of the stage's bucket
 * @param unfinished the ranks whose children had not succeeded
 */
export async function standInForRedrive(
  stage: MotoStage,
  store: ObjectStore,
  unfinished: readonly number[],
): Promise<RedriveStandIn> {
  const endpoint = stage.environment.AWS_ENDPOINT_URL!;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const lambda = new LambdaClient({ endpoint, region: stage.environment.AWS_REGION!, credentials });
  const redriven = new Map<string, Redriven>();
  const invoke = async (functionName: string, payload: unknown) => {
    const found = await lambda.send(
      new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(payload) }),
    );
    const text = found.Payload!.transformToString();
    if (found.FunctionError !== undefined) throw new Error(text);
    return { requestId: found.$metadata.requestId!, text };
  };

  const redrive = async (arn: string, headers: Headers): Promise<void> => {
    const history = await toStage(endpoint, headers, 'GetExecutionHistory', { executionArn: arn });
    const { events } = history as { events: WireEvent[] };
    const initialized = events.find(({ type }) => type === 'TaskStateExited')!;
    const { output } = initialized.stateExitedEventDetails as { output: string };
    const plan = JSON.parse(output) as Initialized;
    const manifest = await store.get(plan.run.manifest_key);
    const items = JSON.parse(manifest.toString()) as { RANK: string }[];
    for (const item of items.filter(({ RANK }) => unfinished.includes(Number(RANK))))
      await invoke('cosmicai-inference-moto-inference', item);
    const { requestId, text } = await invoke('cosmicai-summarize-moto-summarize', plan);
    redriven.set(arn, { events: goneOn(events, text, requestId), output: text });
  };

  const front = createServer((request, response) => {
    const work = async () => {
      const body = await bodyOf(request);
      const target = String(request.headers['x-amz-target'] ?? '').replace('AWSStepFunctions.', '');
      const headers = headersOf(request);
      const arn = /^(Redrive|Describe)Execution$|^GetExecutionHistory$/.test(target)
        ? (JSON.parse(body.toString()) as { executionArn: string }).executionArn
        : '';
      const json = (value: unknown) => response.writeHead(200).end(JSON.stringify(value));
      if (target === 'RedriveExecution') {
        await redrive(arn, headers);
        return json({ redriveDate: Date.now() / 1000 });
      }
      const { method = 'GET', url = '/' } = request;
      const passed = await fetch(endpoint + url, { method, headers, ...(body.length > 0 && { body }) });
      const known = redriven.get(arn);
      if (known === undefined) {
        response.writeHead(passed.status, [...passed.headers].filter(([name]) => name !== 'transfer-encoding').flat());
        return response.end(Buffer.from(await passed.arrayBuffer()));
      }
      const answer = (await passed.json()) as object;
      if (target === 'GetExecutionHistory') return json({ ...answer, events: known.events });
      return json({ ...answer, status: 'SUCCEEDED', output: known.output });
    };
    work().catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  return {
    environment: { ...stage.environment, AWS_ENDPOINT_URL: url },
    stop: async () => {
      front.closeAllConnections();
      front.close();
      await once(front, 'close');
    },
  };
}

/** The history with what a redrive adds to it. */
function goneOn(before: readonly WireEvent[], summarized: string, requestId: string): WireEvent[] {
  const events = [...before];
  const add = (type: string, details: object = {}) => {
    const id = events.length + 1;
    events.push({ id, previousEventId: id - 1, type, timestamp: Date.now() / 1000, ...details });
  };
  const entered = (type: string, name: string) =>
    add(`${type}StateEntered`, { stateEnteredEventDetails: { name, input: '{}' } });
  const exited = (type: string, name: string, output: string) =>
    add(`${type}StateExited`, { stateExitedEventDetails: { name, output } });
  const lambda = { resourceType: 'lambda', resource: 'invoke' };
  const parameters = JSON.stringify({ FunctionName: 'cosmicai-summarize-moto-summarize', Payload: {} });
  const output = JSON.stringify({ Payload: {}, SdkResponseMetadata: { RequestId: requestId } });
  add('ExecutionRedriven', { executionRedrivenEventDetails: { redriveCount: 1 } });
  exited('Map', 'Infer', '{}');
  entered('Task', 'Summarize');
  add('TaskScheduled', { taskScheduledEventDetails: { ...lambda, region: 'us-east-1', parameters } });
  add('TaskStarted', { taskStartedEventDetails: lambda });
  add('TaskSucceeded', { taskSucceededEventDetails: { ...lambda, output } });
  exited('Task', 'Summarize', summarized);
  entered('Choice', 'RunSucceeded');
  exited('Choice', 'RunSucceeded', summarized);
  entered('Succeed', 'Done');
  exited('Succeed', 'Done', summarized);
  add('ExecutionSucceeded', { executionSucceededEventDetails: { output: summarized } });
  return events;
}

async function toStage(endpoint: string, headers: Headers, target: string, request: object): Promise<unknown> {
  const sent = new Headers(headers);
  sent.set('x-amz-target', `AWSStepFunctions.${target}`);
  const answer = await fetch(endpoint, { method: 'POST', headers: sent, body: JSON.stringify(request) });
  return await answer.json();
}

/** Without those that belong to one connection. */
function headersOf(request: IncomingMessage): Headers {
  const own = /^(host|connection|content-length|transfer-encoding|expect)$/;
  const pairs = Object.entries(request.headers).filter(([name]) => !own.test(name));
  return new Headers(pairs.map(([name, value]): [string, string] => [name, String(value)]));
}

async function bodyOf(message: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
