import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { unpack } from '../../../../test/unpack.ts';
import { startEnvironment, type ExecutionEnvironment, type Surroundings } from './execution-environment.ts';
import { invokedFunctionSchema, type InvokedFunction, type ServedFunction } from './function-settings.ts';
import { textOf } from './runtime-api.ts';

export interface FunctionCall {
  readonly functionName: string;
  /** JSON text. */
  readonly payload: string;
}

/** What Lambda answers instead of calling a function: `TooManyRequestsException` with status 429, say. */
export interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly message: string;
}

/** Sees each call of a function before it. Answers the payload that it gets, or what Lambda refuses it with. */
export type Intercept = (call: FunctionCall) => string | Refusal | Promise<string | Refusal>;

export interface FunctionHostOptions extends Omit<Surroundings, 'temporary'> {
  /** For unpacked functions and what they have as /tmp. */
  readonly folder: string;
  /** Functions that are served though they are not deployed. */
  readonly functions?: readonly ServedFunction[];
  readonly intercept?: Intercept;
  /** Is told the process of each call, when that has it. */
  readonly onCall?: (call: FunctionCall, pid: number) => void;
  /** Of all functions together; more at once are refused. Default: any number. */
  readonly concurrency?: () => number;
}

/** Runs functions for whoever asks by HTTP: moto, in the place of Lambda. */
export interface FunctionHost {
  /** `host:port`. */
  readonly address: string;
  /** Ends every process; invocations under way fail. */
  close(): Promise<void>;
}

const THROTTLED: Refusal = { status: 429, error: 'TooManyRequestsException', message: 'Rate Exceeded.' };

export async function startFunctionHost(options: FunctionHostOptions): Promise<FunctionHost> {
  const { folder, functions = [], intercept, onCall, concurrency = () => Infinity } = options;
  let underWay = 0;
  const environments = new Set<ExecutionEnvironment>();
  /** Warm environments by what they were started from. */
  const idle = new Map<string, ExecutionEnvironment[]>();
  const unpacked = new Map<string, Promise<string>>();

  const taskRoot = (archive: string): Promise<string> => {
    const root = unpacked.get(archive) ?? unpackTo(archive, archive.replace(/\.zip$/, ''));
    unpacked.set(archive, root);
    return root;
  };

  const served = async (invoked: InvokedFunction): Promise<ServedFunction | undefined> => {
    if (!('package' in invoked)) return functions.find(({ name }) => name === invoked.name);
    const { package: archive, ...settings } = invoked;
    return { ...settings, folder: await taskRoot(archive) };
  };

  const environmentFor = async (found: ServedFunction, key: string): Promise<ExecutionEnvironment> => {
    const warm = idle.get(key)?.pop();
    if (warm?.alive === true) return warm;
    if (warm !== undefined) return await environmentFor(found, key);
    const temporary = await mkdtemp(join(folder, 'tmp-'));
    const started = await startEnvironment(found, { ...options, temporary });
    environments.add(started);
    return started;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const told = Buffer.from(String(request.headers['x-function']), 'base64').toString();
    const invoked = invokedFunctionSchema.parse(JSON.parse(told));
    const given = await textOf(request);
    const found = await served(invoked);
    if (found === undefined) {
      const refusal = { error: 'ResourceNotFoundException', message: `Function not found: ${invoked.name}` };
      response.writeHead(404).end(JSON.stringify(refusal));
      return;
    }
    const call = { functionName: invoked.name, payload: given };
    const payload = underWay < concurrency() ? ((await intercept?.(call)) ?? given) : THROTTLED;
    if (typeof payload !== 'string') {
      response.writeHead(payload.status).end(JSON.stringify(payload));
      return;
    }
    underWay++;
    const environment = await environmentFor(found, told);
    const outcome = await environment
      .invoke(payload, (pid) => onCall?.({ ...call, payload }, pid))
      .finally(() => underWay--);
    if (environment.alive) idle.set(told, [...(idle.get(told) ?? []), environment]);
    else environments.delete(environment);
    response
      .writeHead(200, {
        'x-amzn-requestid': outcome.requestId,
        'x-amz-log-result': Buffer.from(outcome.log).toString('base64'),
        ...(outcome.failed && { 'x-amz-function-error': 'Unhandled' }),
      })
      .end(outcome.payload);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const refusal = { error: 'ServiceException', message: String(error) };
      response.writeHead(500).end(JSON.stringify(refusal));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      await Promise.all([...environments].map((environment) => environment.kill()));
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function unpackTo(archive: string, folder: string): Promise<string> {
  await mkdir(folder);
  await unpack(archive, folder);
  return folder;
}
