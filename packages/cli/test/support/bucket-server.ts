import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { listAll, NotFoundError, type ObjectStore } from '@cosmicai/store';

/** Who may ask for the objects of a bucket. */
export type Readers =
  /** Only whoever pays for it. */
  | 'payers'
  /** Everybody; signatures are refused, as those of an account that doesn't exist are. */
  | 'anybody';

export interface BucketServer {
  /** What commands need to reach it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Requests answered, and those refused. */
  readonly answered: string[];
  readonly refused: string[];
  stop(): void;
}

/** One bucket over HTTP as S3 answers: reads, lists, writes and deletes, for its readers alone. */
export async function serveBucket(store: ObjectStore, readers: Readers): Promise<BucketServer> {
  const [answered, refused]: [string[], string[]] = [[], []];
  const server = createServer((request, response) => {
    const isReader =
      readers === 'payers'
        ? request.headers['x-amz-request-payer'] === 'requester'
        : request.headers.authorization === undefined;
    (isReader ? answered : refused).push(`${request.method ?? ''} ${request.url ?? ''}`);
    const answering = isReader ? answer(store, request, response) : refuse(response, 403, 'AccessDenied');
    answering.catch((error: unknown) =>
      error instanceof NotFoundError ? refuse(response, 404, 'NoSuchKey') : refuse(response, 500, String(error)),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    environment: {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    answered,
    refused,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function refuse(response: ServerResponse, status: number, code: string): Promise<void> {
  response
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<Error><Code>${code}</Code><Message>refused</Message></Error>`);
  return Promise.resolve();
}

async function answer(store: ObjectStore, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://bucket');
  const key = decodeURIComponent(pathname).split('/').slice(2).join('/');
  const xml = (body: string) => void response.writeHead(200, { 'content-type': 'application/xml' }).end(body);
  if (request.method === 'POST' && searchParams.has('delete')) {
    for (const [, name = ''] of (await text(request)).matchAll(/<Key>([^<]*)<\/Key>/g)) await store.delete(name);
    xml('<DeleteResult/>');
  } else if (key === '') {
    const prefix = searchParams.get('prefix') ?? '';
    const folders = searchParams.has('delimiter') ? await store.folders(prefix) : [];
    const objects = (await listAll(store, prefix)).objects.filter(
      ({ key: name }) => !folders.some((folder) => name.startsWith(folder)),
    );
    const below = folders.map(
      (name) => `<CommonPrefixes><Prefix>${encodeURIComponent(name)}</Prefix></CommonPrefixes>`,
    );
    const entries = objects.map(
      ({ key: name, size, etag, lastModified }) =>
        `<Contents><Key>${encodeURIComponent(name)}</Key><Size>${size}</Size><ETag>${etag}</ETag><LastModified>${lastModified.toISOString()}</LastModified></Contents>`,
    );
    xml(`<ListBucketResult><EncodingType>url</EncodingType>${entries.join('')}${below.join('')}</ListBucketResult>`);
  } else {
    const found = await store.head(key);
    if (found === undefined) throw new NotFoundError(store.url, key);
    const about = { etag: `"${found.etag}"`, 'last-modified': found.lastModified.toUTCString() };
    const [, first, last] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
    const end = last === undefined || last === '' ? found.size : Math.min(found.size, Number(last) + 1);
    const body = await store.getRange(key, Number(first ?? 0), end);
    const range = first && { 'content-range': `bytes ${first}-${end - 1}/${found.size}` };
    response.writeHead(first === undefined ? 200 : 206, { ...about, ...range, 'content-length': body.length });
    response.end(request.method === 'HEAD' ? undefined : body);
  }
}
