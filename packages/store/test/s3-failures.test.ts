import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import {
  AccessDeniedError,
  ArchivedError,
  NoSuchBucketError,
  NotFoundError,
  openStore,
  requestsSince,
  requestsSoFar,
  StoreEnvironmentError,
  StoreError,
  type ObjectStore,
} from '../src/index.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers of a bucket that fails, in order; the last one repeats. */
let answers: Answer[] = [];
let asked: { method: string; range: string | undefined; match: string | undefined }[] = [];
/** How the requests were made: whether signed, and who pays. */
let ways: { signed: boolean; payer: string | string[] | undefined }[] = [];
const server = createServer((request, response) => {
  const { range, 'if-match': match } = request.headers;
  asked.push({ method: request.method!, range, match });
  ways.push({
    signed: request.headers.authorization !== undefined,
    payer: request.headers['x-amz-request-payer'],
  });
  request.resume();
  const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
  answer(request, response);
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.env.AWS_ENDPOINT_URL_S3 = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env.AWS_REGION = 'us-east-1';
  process.env.AWS_ACCESS_KEY_ID = 'test';
  process.env.AWS_SECRET_ACCESS_KEY = 'test';
  process.env.AWS_MAX_ATTEMPTS = '2';
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
  ways = [];
});

function storeAnswering(...given: Answer[]): ObjectStore {
  answers = given;
  return openStore('s3://bucket');
}

function error(status: number, code: string, message = 'because'): Answer {
  return (_, response) => {
    const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
    response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
  };
}

/** Says it sends all bytes from the start of the range on, and breaks the connection after some of them. */
function bytesThenBreak(content: Buffer, count: number, etag = '"v1"'): Answer {
  return (request, response) => {
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const part = content.subarray(start);
    response.writeHead(request.headers.range === undefined ? 200 : 206, { 'content-length': part.length, etag });
    if (count >= part.length) response.end(part);
    else response.write(part.subarray(0, count), () => response.destroy());
  };
}

const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 253));

describe('s3:// when things go wrong', () => {
  it('reads on where a connection broke, in the same version of the object', async () => {
    const store = storeAnswering(
      bytesThenBreak(content, 100_000),
      bytesThenBreak(content, 100_000),
      bytesThenBreak(content, Infinity),
    );
    expect((await store.get('k')).equals(content)).toBe(true);
    expect(asked[0]).toEqual({ method: 'GET', range: undefined, match: undefined });
    expect(asked[1]!.range).toMatch(/^bytes=[1-9]\d*-$/);
    expect(asked.slice(1).map(({ match }) => match)).toEqual(['"v1"', '"v1"']);
  });

  it('reads on within a range, and in a stream', async () => {
    const store = storeAnswering(bytesThenBreak(content, 50_000), bytesThenBreak(content, Infinity));
    expect((await buffer(await store.stream('k', { start: 7 }))).equals(content.subarray(7))).toBe(true);
    expect(asked[0]!.range).toBe('bytes=7-');
  });

  it('fails when the object was replaced while it was read', async () => {
    const store = storeAnswering(bytesThenBreak(content, 100_000), error(412, 'PreconditionFailed'));
    const reading = store.get('k');
    await expect(reading).rejects.toThrow(StoreError);
    await expect(reading).rejects.toThrow('was replaced while it was read');
  });

  it('gives up when no byte comes any more', async () => {
    const store = storeAnswering(bytesThenBreak(content, 10), bytesThenBreak(content, 0));
    await expect(store.get('k')).rejects.toThrow(StoreError);
    expect(asked.length).toBeLessThan(10);
  });

  it('lets the SDK try again what S3 could not answer, then names what failed', async () => {
    const once = storeAnswering(error(503, 'SlowDown'), bytesThenBreak(content, Infinity));
    expect((await once.get('k')).length).toBe(content.length);
    const always = storeAnswering(error(503, 'SlowDown'));
    const reading = always.get('k');
    await expect(reading).rejects.toThrow(StoreError);
    await expect(reading).rejects.toThrow('Could not read "k" in s3://bucket: SlowDown, HTTP 503: because');
  });

  it.each([
    [403, 'AccessDenied', AccessDeniedError, 's3:ListBucket'],
    [403, 'InvalidAccessKeyId', AccessDeniedError, 'credentials'],
    [404, 'NoSuchKey', NotFoundError, '"k"'],
    [404, 'NoSuchBucket', NoSuchBucketError, 'There is no bucket s3://bucket'],
    [400, 'Strange', StoreError, 'Strange, HTTP 400: because'],
  ])('turns %i %s into its own error', async (status, code, type, part) => {
    const reading = storeAnswering(error(status, code)).get('k');
    await expect(reading).rejects.toThrow(type);
    await expect(reading).rejects.toThrow(part);
  });

  it.each([
    [
      403,
      'AccessDenied',
      'User: arn:aws:sts::111122223333:assumed-role/rank/x is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:us-east-1:111122223333:key/k because no identity-based policy allows the kms:Decrypt action',
      AccessDeniedError,
      'allow kms:Decrypt for this role',
    ],
    [
      400,
      'KMS.DisabledException',
      'arn:aws:kms:us-east-1:111122223333:key/k is disabled.',
      AccessDeniedError,
      'enable it',
    ],
    [
      403,
      'AccessDenied',
      'User: arn:aws:iam::111122223333:user/x is not authorized to perform: s3:GetObjectVersion on resource: "arn:aws:s3:::bucket/k"',
      AccessDeniedError,
      'Allow s3:GetObjectVersion in the policy',
    ],
    [403, 'AccessDenied', 'Access Denied', AccessDeniedError, 'Allow s3:GetObject in the policy'],
    [
      403,
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      StoreEnvironmentError,
      'set its clock',
    ],
    [
      403,
      'InvalidObjectState',
      "The operation is not valid for the object's storage class",
      ArchivedError,
      'aws s3api restore-object --bucket bucket --key "k"',
    ],
    [400, 'ExpiredToken', 'The provided token has expired.', AccessDeniedError, 'aws sso login'],
    [
      400,
      'AuthorizationHeaderMalformed',
      "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'",
      StoreEnvironmentError,
      'AWS_REGION=eu-west-1',
    ],
  ])(
    'keeps what AWS says with %i %s, on GET and behind HEAD, and says what to do',
    async (status, code, sentence, type, remedy) => {
      const refuse = error(status, code, sentence);
      for (const ask of [() => storeAnswering(refuse).get('k'), () => storeAnswering(refuse).head('k')]) {
        const asking = ask();
        await expect(asking).rejects.toThrow(type);
        await expect(asking).rejects.toThrow(`(${code}: ${sentence})`);
        await expect(asking).rejects.toThrow(remedy);
      }
      expect(asked.at(-1)).toMatchObject({ method: 'GET', range: 'bytes=0-0' });
    },
  );

  it('counts each attempt of a request', async () => {
    const before = requestsSoFar();
    await storeAnswering(
      error(503, 'SlowDown'),
      bytesThenBreak(content, 100_000),
      bytesThenBreak(content, Infinity),
    ).get('k');
    expect(requestsSince(before)).toEqual({ gets: 3, heads: 0, puts: 0, lists: 0, deletes: 0 });
  });

  it('tries a conditional write again when S3 calls it a conflict', async () => {
    const done: Answer = (_, response) => response.writeHead(200, { etag: '"x"' }).end();
    const store = storeAnswering(error(409, 'ConditionalRequestConflict'), done);
    expect(await store.putIfAbsent('k', 'v')).toBe(true);
    expect(await storeAnswering(error(412, 'PreconditionFailed')).putIfAbsent('k', 'v')).toBe(false);
  });

  it('says which keys of a mass deletion stay', async () => {
    const page =
      '<ListBucketResult><Contents><Key>p/1</Key><Size>1</Size><ETag>"e"</ETag><LastModified>2024-01-01T00:00:00Z</LastModified></Contents></ListBucketResult>';
    const failed =
      '<DeleteResult><Error><Key>p/1</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>';
    const xml =
      (body: string): Answer =>
      (_, response) =>
        response.writeHead(200, { 'content-type': 'application/xml' }).end(body);
    await expect(storeAnswering(xml(page), xml(failed)).deletePrefix('p/')).rejects.toThrow(
      '1 key stays, e.g. "p/1" (AccessDenied: no)',
    );
  });
});

describe('ways of asking a bucket', () => {
  const list: Answer = (_, response) =>
    response
      .writeHead(200, { 'content-type': 'application/xml' })
      .end('<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>');
  const bytes: Answer = (_, response) => response.writeHead(200, { 'content-length': '3' }).end('abc');

  it.each([
    ['as its own user', {}, { signed: true, payer: undefined }],
    ['paying for it', { requestPayer: true }, { signed: true, payer: 'requester' }],
    ['without an account', { sign: false }, { signed: false, payer: undefined }],
  ])('%s', async (_, access, way) => {
    answers = [bytes, list];
    const store = openStore('s3://bucket', { access });
    expect((await store.get('key')).toString()).toBe('abc');
    for await (const object of store.list('')) throw new Error(object.key);
    expect(ways).toEqual([way, way]);
  });

  it('without an account needs no credentials', async () => {
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = process.env;
    delete process.env.AWS_ACCESS_KEY_ID;
    delete process.env.AWS_SECRET_ACCESS_KEY;
    try {
      answers = [bytes];
      const store = openStore('s3://bucket', { access: { sign: false, requestPayer: false } });
      expect((await store.get('key')).toString()).toBe('abc');
    } finally {
      process.env.AWS_ACCESS_KEY_ID = id;
      process.env.AWS_SECRET_ACCESS_KEY = secret;
    }
  });
});
