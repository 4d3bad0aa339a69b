import { once } from 'node:events';
import { request as ask, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { refusal, type S3Answer, type S3Request } from './request.ts';

/** Of one connection, not of what is said. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'expect', 'content-length', 'server']);

/** Asks the server behind, with a connection for each request. An answer that doesn't come is a 502. */
export async function askUpstream(upstream: string, request: Omit<S3Request, 'operation' | 'key'>): Promise<S3Answer> {
  const { method, url, headers, body } = request;
  const outgoing = ask(new URL(url, upstream), {
    method,
    headers: { ...headersWithout(headers), 'content-length': body.length },
    agent: false,
  });
  outgoing.end(body);
  try {
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    // Of an answer to HEAD this is the length of what isn't sent.
    const length = method === 'HEAD' ? answer.headers['content-length'] : undefined;
    return {
      status: answer.statusCode ?? 502,
      headers: { ...headersWithout(answer.headers), ...(length !== undefined && { 'content-length': length }) },
      body: await buffer(answer),
    };
  } catch (error) {
    return refusal(502, 'BadGateway', String(error));
  }
}

function headersWithout(headers: IncomingMessage['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || HOP_BY_HOP.has(name) ? [] : [[name, [value].flat().join(', ')]],
    ),
  );
}

/** The object as it is, whoever asks for it; undefined where there is none. */
export async function currentObject(upstream: string, { url }: Pick<S3Request, 'url'>): Promise<S3Answer | undefined> {
  const { pathname } = new URL(url, upstream);
  const found = await askUpstream(upstream, { method: 'GET', url: pathname, headers: {}, body: Buffer.alloc(0) });
  return found.status === 200 ? found : undefined;
}
