/**
 * Runs in a process of its own: imports one bundled handler and invokes it once per message, one at a time, as Lambda's
 * runtime does. Standard output and error belong to the function.
 */
import { flushCompileCache } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { FunctionErrorBody } from './function-error.ts';
import { latest } from './latest.ts';
import { BOOTSTRAP, type ChildMessage, type InvokeMessage } from './messages.ts';
import { residentMemory } from './resident-memory.ts';

type Handler = (event: unknown, context: object) => unknown;

/** Often enough for people to see a rank at work; the channel to the engine carries nothing else meanwhile. */
const BEAT_MS = 250;

let current: InvokeMessage | undefined;

function send(message: ChildMessage, sent: () => void = () => undefined): void {
  process.send?.(message, undefined, undefined, sent);
}

/** Into the function's log. */
function note(line: object): void {
  process.stderr.write(`${JSON.stringify(line)}\n`);
}

function peakRss(): number {
  return residentMemory('self')?.peak ?? process.memoryUsage.rss();
}

function bodyOf(thrown: unknown): FunctionErrorBody {
  if (!(thrown instanceof Error)) return { errorType: typeof thrown, errorMessage: String(thrown) };
  const cause = thrown.cause instanceof Error ? [`caused by ${thrown.cause.stack ?? thrown.cause.message}`] : [];
  return {
    errorType: thrown.name,
    errorMessage: thrown.message,
    trace: [...(thrown.stack ?? '').split('\n'), ...cause],
  };
}

function contextOf({ requestId, deadline }: InvokeMessage, reportProgress: (progress: unknown) => void): object {
  const name = process.env.AWS_LAMBDA_FUNCTION_NAME ?? '';
  return {
    awsRequestId: requestId,
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:local:000000000000:function:${name}`,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE ?? '',
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: `local/${process.pid}`,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    reportProgress,
  };
}

async function invoke(handler: Handler, message: InvokeMessage): Promise<void> {
  const { requestId } = message;
  current = message;
  const beats = latest((progress: unknown) => send({ type: 'progress', requestId, progress }), BEAT_MS);
  try {
    const answer = await handler(
      JSON.parse(message.payload),
      contextOf(message, (progress) => beats.say(progress)),
    );
    const payload = (JSON.stringify(answer) as string | undefined) ?? 'null';
    beats.flush();
    send({ type: 'answer', requestId, payload, peakRss: peakRss() });
  } catch (error) {
    const body = bodyOf(error);
    note({ level: 'ERROR', requestId, ...body });
    send({ type: 'error', requestId, error: body, peakRss: peakRss() });
  } finally {
    beats.stop();
    current = undefined;
  }
}

async function load(bundle: string, name: string): Promise<Handler> {
  const exports = (await import(pathToFileURL(bundle).href)) as Record<string, unknown>;
  const handler = exports[name] ?? (exports.default as Record<string, unknown> | undefined)?.[name];
  if (typeof handler === 'function') return handler as Handler;
  const missing = new Error(`${bundle} exports no function "${name}" (it exports ${Object.keys(exports).join(', ')})`);
  missing.name = 'Runtime.HandlerNotFound';
  throw missing;
}

/** A failure outside the handler's promise ends the process, as in Lambda; the reason goes out first. */
function fail(error: FunctionErrorBody): void {
  note({ level: 'FATAL', ...error });
  send({ type: 'error', requestId: current?.requestId, error, peakRss: peakRss() }, () => process.exit(129));
}

// A log that can't be written, on a full disk, is not a failure of the function.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
process.on('uncaughtException', (error) => fail(bodyOf(error)));
process.on('unhandledRejection', (reason) => {
  fail({ ...bodyOf(reason), errorType: 'Runtime.UnhandledPromiseRejection' });
});
// Ctrl-C, a closed terminal and `kill` may reach the whole process group; only the engine decides when a function ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));
// The engine may be gone before anybody listened.
if (!process.connected) process.exit(0);

try {
  const handler = await load(process.env[BOOTSTRAP.bundle] ?? '', process.env[BOOTSTRAP.handler] ?? '');
  process.on('message', (message) => void invoke(handler, message as InvokeMessage));
  // Where the engine's Node keeps what it compiles: a function is killed in the end, and would never write it.
  flushCompileCache();
  send({ type: 'ready' });
} catch (error) {
  const body = bodyOf(error);
  const errorType = body.errorType.startsWith('Runtime.') ? body.errorType : 'Runtime.ImportModuleError';
  send(
    { type: 'initFailed', error: { ...body, errorType, errorMessage: `${body.errorType}: ${body.errorMessage}` } },
    () => process.exit(1),
  );
}
