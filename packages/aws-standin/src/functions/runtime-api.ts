import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const ROOT = '/2018-06-01/runtime';

export interface InvocationForRuntime {
  readonly requestId: string;
  readonly payload: string;
  /** Epoch milliseconds. */
  readonly deadline: number;
  readonly functionArn: string;
  readonly traceId: string;
}

/** What a runtime client tells. Texts are JSON, as it sent them. */
export interface RuntimeEvents {
  /** It is ready for an invocation, which `give` hands to it. */
  onNext(give: (invocation: InvocationForRuntime) => void): void;
  onResponse(requestId: string, answer: string): void;
  onError(requestId: string, error: string): void;
  onInitError(error: string): void;
}

export interface RuntimeApi {
  /** `host:port`, for AWS_LAMBDA_RUNTIME_API. */
  readonly address: string;
  close(): Promise<void>;
}

/** Serves Lambda's Runtime API, all four routes, to the one runtime client of an execution environment. */
export async function serveRuntimeApi(events: RuntimeEvents): Promise<RuntimeApi> {
  const server = createServer((request, response) => {
    answer(request, response, events).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, events: RuntimeEvents): Promise<void> {
  const path = request.url ?? '';
  if (request.method === 'GET' && path === `${ROOT}/invocation/next`) {
    events.onNext(({ requestId, payload, deadline, functionArn, traceId }) => {
      response
        .writeHead(200, {
          'content-type': 'application/json',
          'Lambda-Runtime-Aws-Request-Id': requestId,
          'Lambda-Runtime-Deadline-Ms': String(deadline),
          'Lambda-Runtime-Invoked-Function-Arn': functionArn,
          'Lambda-Runtime-Trace-Id': traceId,
        })
        .end(payload);
    });
    return;
  }
  const body = await textOf(request);
  const accepted = () => void response.writeHead(202).end('{"status":"OK"}');
  const told = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/.exec(path);
  if (request.method === 'POST' && told !== null) {
    const [, requestId = '', what] = told;
    if (what === 'response') events.onResponse(requestId, body);
    else events.onError(requestId, body);
    accepted();
  } else if (request.method === 'POST' && path === `${ROOT}/init/error`) {
    events.onInitError(body);
    accepted();
  } else {
    response.writeHead(404).end(`{"errorType":"NotFound","errorMessage":"No route ${path}"}`);
  }
}

export async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
