/**
 * A runtime client: asks the Runtime API for invocations, one at a time, and hands them to the handler. It stands alone, because
 * where it runs there is nothing of this repository but the function: it is in the place of AWS's own (aws-lambda-ric).
 *
 * Usage: node runtime-loop.ts <file>.<export>
 */
import { existsSync } from 'node:fs';
import { Agent, request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

type Handler = (event: unknown, context: object) => unknown;

const { AWS_LAMBDA_RUNTIME_API = '', LAMBDA_TASK_ROOT = process.cwd() } = process.env;
const API = `http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

async function call(method: 'GET' | 'POST', path: string, body?: string): Promise<[IncomingMessage, string]> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request(`${API}${path}`, { method, agent }, resolve).once('error', reject).end(body);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return [answer, Buffer.concat(chunks).toString()];
}

function bodyOf(thrown: unknown, errorType?: string) {
  if (!(thrown instanceof Error))
    return { errorType: errorType ?? typeof thrown, errorMessage: String(thrown), trace: [] };
  const { name, message, stack = '' } = thrown;
  return { errorType: errorType ?? name, errorMessage: message, trace: stack.split('\n') };
}

async function load(name: string): Promise<Handler> {
  const [file = '', exported = ''] = name.split('.');
  const path = ['.mjs', '.js', '.cjs'].map((suffix) => join(LAMBDA_TASK_ROOT, `${file}${suffix}`)).find(existsSync);
  if (path === undefined) throw new Error(`Cannot find module '${file}' in ${LAMBDA_TASK_ROOT}`);
  const handler = ((await import(pathToFileURL(path).href)) as Record<string, unknown>)[exported];
  if (typeof handler !== 'function') throw new TypeError(`${name} is undefined or not exported`);
  return handler as Handler;
}

function contextOf(header: (name: string) => string): object {
  const { env } = process;
  return {
    awsRequestId: header('aws-request-id'),
    invokedFunctionArn: header('invoked-function-arn'),
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, Number(header('deadline-ms')) - Date.now()),
  };
}

async function serve(handler: Handler): Promise<never> {
  for (;;) {
    const [{ headers }, event] = await call('GET', '/invocation/next');
    const header = (name: string) => String(headers[`lambda-runtime-${name}`] ?? '');
    process.env._X_AMZN_TRACE_ID = header('trace-id');
    const invocation = `/invocation/${header('aws-request-id')}`;
    try {
      const answer = await handler(JSON.parse(event), contextOf(header));
      const payload = (JSON.stringify(answer) as string | undefined) ?? 'null';
      await call('POST', `${invocation}/response`, payload);
    } catch (error) {
      const body = JSON.stringify(bodyOf(error));
      process.stderr.write(`${body}\n`);
      await call('POST', `${invocation}/error`, body);
    }
  }
}

let handler: Handler;
try {
  handler = await load(process.argv[2] ?? '');
} catch (error) {
  const body = JSON.stringify(bodyOf(error, 'Runtime.ImportModuleError'));
  process.stderr.write(`${body}\n`);
  await call('POST', '/init/error', body);
  process.exit(1);
}
// Lambda, or what stands in for it, is gone when it can't be asked any more.
await serve(handler).catch(() => process.exit(1));
