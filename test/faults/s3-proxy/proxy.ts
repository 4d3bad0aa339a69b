import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { badDigest, spoiled, staleAnswer, withBitFlipped, type SentAnswer } from './answers.ts';
import { refusal, s3Request, type S3Answer, type S3Request } from './request.ts';
import { RuleBook, type Injection, type MetRule, type S3Rule } from './rules.ts';
import { askUpstream, currentObject } from './upstream.ts';

/** A server that speaks S3 as another one does, and fails by rules. */
export interface S3Proxy {
  readonly url: string;
  /** From now on these rules hold, counted anew, in place of those before. */
  inject(...rules: readonly S3Rule[]): void;
  /** Is told of every request before it is answered, which waits for it. */
  watch(see: Watcher): void;
  /** All that has happened so far. */
  readonly injections: readonly Injection[];
  stop(): Promise<void>;
}

export type Watcher = (request: Pick<S3Request, 'operation' | 'key'>) => Promise<void> | void;

/** @param upstream `http://host:port` of a server that speaks S3 @param seed of all that is drawn */
export async function startS3Proxy(upstream: string, seed: number): Promise<S3Proxy> {
  const book = new RuleBook(seed);
  let watcher: Watcher = () => undefined;
  const versions = new Versions(upstream);
  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((error: unknown) => response.destroy(error as Error));
  });
  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '/', headers } = incoming;
    const request = s3Request(method, url, headers, await buffer(incoming));
    await watcher(request);
    const answer = await answerTo(request, book.meet(request), upstream, versions);
    if (answer === 'reset') incoming.socket.resetAndDestroy();
    else await send(answer, request, response);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    inject: (...rules) => book.set(rules),
    watch: (see) => (watcher = see),
    injections: book.injections,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** The versions before the newest of objects that were written through the proxy. */
class Versions {
  readonly #upstream: string;
  readonly #before = new Map<string, S3Answer | undefined>();

  constructor(upstream: string) {
    this.#upstream = upstream;
  }

  /** Before a write: keeps what it replaces. */
  async keep({ operation, url }: S3Request): Promise<void> {
    if (operation === 'put') this.#before.set(pathOf(url), await currentObject(this.#upstream, { url }));
  }

  has({ url }: S3Request): boolean {
    return this.#before.has(pathOf(url));
  }

  before({ url }: S3Request): S3Answer | undefined {
    return this.#before.get(pathOf(url));
  }
}

function pathOf(url: string): string {
  return new URL(url, 'http://bucket').pathname;
}

interface SlowAnswer extends SentAnswer {
  /** Before the second half of the body. */
  readonly pauseMs?: number;
}

async function answerTo(
  request: S3Request,
  met: MetRule | undefined,
  upstream: string,
  versions: Versions,
): Promise<SlowAnswer | 'reset'> {
  const forward = async (changes: Pick<Partial<S3Request>, 'body'> = {}) => {
    await versions.keep(request);
    return await askUpstream(upstream, { ...request, ...changes });
  };
  if (met === undefined) return await forward();
  const { rule, injected, draw } = met;
  const inject = <Answer>(answer: Answer): Answer => {
    injected();
    return answer;
  };
  switch (rule.fault) {
    case 'error 500':
      return inject(refusal(500, 'InternalError', 'We encountered an internal error. Please try again.'));
    case 'slow down':
      return inject(refusal(503, 'SlowDown', 'Please reduce your request rate.'));
    case 'reset':
      return inject('reset');
    case 'answer lost':
      await forward();
      return inject('reset');
    case 'very slow': {
      const delay = rule.delayMs ?? 2000;
      await sleep(delay);
      return inject({ ...(await forward()), pauseMs: delay / 2 });
    }
    case 'bit flip sent': {
      if (request.body.length === 0) return await forward();
      const body = withBitFlipped(request.body, draw());
      return inject(badDigest({ ...request, body }) ?? (await forward({ body })));
    }
    case 'stale object':
      return versions.has(request) ? inject(staleAnswer(request, versions.before(request))) : await forward();
    default: {
      const answer = await forward();
      const bad = spoiled(rule.fault, request, answer, draw);
      return bad === undefined ? answer : inject(bad);
    }
  }
}

async function send(answer: SlowAnswer, { method }: S3Request, response: ServerResponse): Promise<void> {
  const { status, body, headers, length = headers['content-length'] ?? body.length, ends, pauseMs } = answer;
  response.writeHead(status, { ...headers, 'content-length': length, connection: 'close' });
  if (method === 'HEAD') {
    response.end();
    return;
  }
  const half = ends?.after ?? Math.floor(body.length / 2);
  await new Promise<void>((resolve) => response.write(body.subarray(0, half), () => resolve()));
  if (pauseMs !== undefined) await sleep(pauseMs);
  if (ends?.by === 'reset') response.socket?.resetAndDestroy();
  else if (ends?.by === 'close') response.socket?.end();
  else response.end(body.subarray(half));
}
