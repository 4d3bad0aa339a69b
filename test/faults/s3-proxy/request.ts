import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** What a request to S3 asks for; writes in parts are `upload`. */
export type S3Operation = 'get' | 'head' | 'list' | 'put' | 'upload' | 'delete' | 'bucket';

/** A request as it came, its body read. */
export interface S3Request {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly operation: S3Operation;
  /** Without the bucket, decoded; of a listing the prefix, of a deletion of many keys empty. */
  readonly key: string;
}

/** Understands a request by its path, `/bucket/key`, as endpoints of one's own are asked. */
export function s3Request(method: string, url: string, headers: IncomingHttpHeaders, body: Buffer): S3Request {
  const { pathname, searchParams } = new URL(url, 'http://bucket');
  const path = decodeURIComponent(pathname).split('/').slice(2).join('/');
  const operation = operationOf(method, path, searchParams);
  const key = operation === 'list' ? (searchParams.get('prefix') ?? '') : path;
  return { method, url, headers, body, operation, key };
}

function operationOf(method: string, path: string, query: URLSearchParams): S3Operation {
  if (method === 'DELETE' || query.has('delete')) return query.has('uploadId') ? 'upload' : 'delete';
  if (path === '') return method === 'GET' ? 'list' : 'bucket';
  if (query.has('uploads') || query.has('uploadId')) return 'upload';
  if (method === 'HEAD') return 'head';
  return method === 'PUT' ? 'put' : 'get';
}

/** An answer of S3, whole. */
export interface S3Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What S3 says when it refuses. */
export function refusal(status: number, code: string, message: string): S3Answer {
  return xmlAnswer(status, `<Error><Code>${code}</Code><Message>${message}</Message></Error>`);
}

export function xmlAnswer(status: number, inside: string): S3Answer {
  return {
    status,
    headers: { 'content-type': 'application/xml' },
    body: Buffer.from(inside === '' ? '' : `<?xml version="1.0" encoding="UTF-8"?>\n${inside}`),
  };
}

/** A whole number that only depends on the texts: draws that hang on it don't depend on which request came first. */
export function hashOf(...parts: readonly (string | number)[]): number {
  return createHash('sha256').update(parts.join('\n')).digest().readInt32LE();
}
