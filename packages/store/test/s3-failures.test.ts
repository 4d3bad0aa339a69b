import { once } from 'node:events';
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
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

/** The status and the headers for the bytes from a place on, as S3 sends them. */
function answering(
  response: ServerResponse,
  { headers }: IncomingMessage,
  start: number,
  size: number,
  more: OutgoingHttpHeaders,
): ServerResponse {
  if (headers.range === undefined) return response.writeHead(200, more);
  return response.writeHead(206, { 'content-range': `bytes ${start}-${size - 1}/${size}`, ...more });
}

/** Ends after some of the bytes that were asked for, and says so by its own length: no connection breaks. */
function fewerBytes(content: Buffer, count: number): Answer {
  return (request, response) => {
    const [, from = '0', to = ''] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
    const start = Number(from);
    const end = Math.min(content.length, to === '' ? Infinity : Number(to) + 1, start + count);
    const part = content.subarray(start, end);
    const range = `bytes ${start}-${end - 1}/${content.length}`;
    response.writeHead(206, { 'content-length': part.length, 'content-range': range, etag: '"v1"' }).end(part);
  };
}

function xml(body: string): Answer {
  return (_, response) => response.writeHead(200, { 'content-type': 'application/xml' }).end(body);
}

/** Says it sends all bytes from the start of the range on, and breaks the connection after some of them. */
function bytesThenBreak(content: Buffer, count: number, etag = '"v1"'): Answer {
  return (request, response) => {
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const part = content.subarray(start);
    answering(response, request, start, content.length, { 'content-length': part.length, etag });
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

  it('asks for the rest where an answer ends before the object does, by get, range and stream', async () => {
    const whole = bytesThenBreak(content, Infinity);
    expect((await storeAnswering(fewerBytes(content, 100_000), whole).get('k')).equals(content)).toBe(true);
    expect(asked.map(({ range }) => range)).toEqual([undefined, 'bytes=100000-']);

    asked = [];
    const ranged = await storeAnswering(fewerBytes(content, 40)).getRange('k', 10, 100);
    expect(ranged.equals(content.subarray(10, 100))).toBe(true);
    expect(asked.map(({ range }) => range)).toEqual(['bytes=10-99', 'bytes=50-99', 'bytes=90-99']);

    const stream = await storeAnswering(fewerBytes(content, 90_000)).stream('k', { start: 7 });
    expect((await buffer(stream)).equals(content.subarray(7))).toBe(true);

    asked = [];
    const short = await storeAnswering(fewerBytes(content, 70)).getRange('k', content.length - 70, content.length + 70);
    expect(short.equals(content.subarray(content.length - 70))).toBe(true);
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['nothing', fewerBytes(content, 0), 'the answer ended after 10 of 90 bytes'],
    [
      'other bytes',
      (_: IncomingMessage, response: ServerResponse) => response.writeHead(200, { 'content-length': 4 }).end('evil'),
      'bytes from 0 on came, where 20 was asked for',
    ],
    ['no range any more', error(416, 'InvalidRange'), 'it has no bytes after 20, of 100 that it had'],
  ])('fails when %s comes again and again in place of the rest', async (_, answer, why) => {
    const store = storeAnswering(fewerBytes(content, 10), answer);
    for (const read of [
      () => store.getRange('k', 10, 100),
      async () => buffer(await store.stream('k', { start: 10, end: 100 })),
    ]) {
      answers = [fewerBytes(content, 10), answer];
      const reading = read();
      await expect(reading).rejects.toThrow(StoreError);
      await expect(reading).rejects.toThrow(`Could not read "k" in s3://bucket: ${why}.`);
    }
    expect(asked.length).toBeLessThan(12);
  });

  it('takes no more bytes than were asked for', async () => {
    const more: Answer = (_, response) => response.writeHead(200, { 'content-length': content.length }).end(content);
    expect((await storeAnswering(more).getRange('k', 0, 10)).equals(content.subarray(0, 10))).toBe(true);
  });

  it('names the object in a stream whose connection breaks again and again', async () => {
    const store = storeAnswering(bytesThenBreak(content, 10), bytesThenBreak(content, 0));
    const reading = buffer(await store.stream('k'));
    await expect(reading).rejects.toThrow(StoreError);
    await expect(reading).rejects.toThrow('Could not read "k" in s3://bucket: ');
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

  /** All of the bytes given, with the checksum of those that were stored, as they lie there whole. */
  const withChecksum =
    (sent: Buffer): Answer =>
    (_, response) => {
      const sum = Buffer.alloc(4);
      sum.writeUInt32BE(crc32(content));
      const headers = { 'content-length': sent.length, etag: '"v1"', 'x-amz-checksum-crc32': sum.toString('base64') };
      response.writeHead(200, headers).end(sent);
    };
  const flipped = Buffer.from(content);
  flipped[200_000]! ^= 4;

  it.each([
    ['a bit is another', flipped],
    ['the answer is shorter, and says so', content.subarray(0, 100)],
    ['the answer leaves the last byte out', content.subarray(0, -1)],
  ])('reads again what does not fit its checksum: %s', async (_, sent) => {
    const store = storeAnswering(withChecksum(sent), withChecksum(content));
    expect((await store.get('k')).equals(content)).toBe(true);
    expect(asked.map(({ range }) => range)).toEqual([undefined, undefined]);

    asked = [];
    const reading = storeAnswering(withChecksum(sent)).get('k');
    await expect(reading).rejects.toThrow(StoreError);
    await expect(reading).rejects.toThrow(
      'Could not read "k" in s3://bucket: the bytes that came don\'t fit the checksum that it was stored with.',
    );
    expect(asked).toHaveLength(3);
  });

  it('fails a stream whose bytes do not fit their checksum, as what came of it may be in use', async () => {
    const reading = buffer(await storeAnswering(withChecksum(flipped), withChecksum(content)).stream('k'));
    await expect(reading).rejects.toThrow(StoreError);
    await expect(reading).rejects.toThrow("don't fit the checksum");
  });

  it('asks again where nothing comes any more: no answer, or no rest of it', async () => {
    const mute: Answer = () => undefined;
    const stalls: Answer = (request, response) => {
      answering(response, request, 0, content.length, { 'content-length': content.length, etag: '"v1"' });
      response.write(content.subarray(0, 100_000));
    };
    answers = [mute, stalls, bytesThenBreak(content, Infinity)];
    const impatient = openStore('s3://bucket', { access: { silenceMs: 200 } });
    expect((await impatient.get('k')).equals(content)).toBe(true);
    expect(asked.map(({ range }) => range)).toEqual([undefined, undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);

    answers = [mute];
    await expect(impatient.get('k')).rejects.toThrow(StoreError);
  });

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

  it('takes a conditional write for its own whose first answer was lost', async () => {
    const lost: Answer = (_, response) => void response.destroy();
    const refused = error(412, 'PreconditionFailed');
    const holds = (text: string) => bytesThenBreak(Buffer.from(text), Infinity);
    for (const write of [
      (store: ObjectStore) => store.putIfAbsent('k', 'mine'),
      (store: ObjectStore) => store.putIfMatch('k', 'mine', 'v0'),
    ]) {
      expect(await write(storeAnswering(lost, refused, holds('mine')))).toBe(true);
      expect(await write(storeAnswering(lost, refused, holds('theirs')))).toBe(false);
      expect(await write(storeAnswering(lost, refused, error(404, 'NoSuchKey')))).toBe(false);
      asked = [];
      // Whoever was refused at once has written nothing.
      expect(await write(storeAnswering(refused, holds('mine')))).toBe(false);
      expect(asked.map(({ method }) => method)).toEqual(['PUT']);
      expect(await write(storeAnswering(error(409, 'ConditionalRequestConflict'), refused, holds('mine')))).toBe(true);
    }
  });

  const object =
    '<Contents><Key>p/1</Key><Size>1</Size><ETag>"e"</ETag><LastModified>2024-01-01T00:00:00Z</LastModified></Contents>';
  const list = (inside: string) =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult>${inside}</ListBucketResult>`;
  const keysOf = async (store: ObjectStore) => {
    const keys: string[] = [];
    for await (const { key } of store.list('p/')) keys.push(key);
    return keys;
  };

  it.each([
    ['has an error inside', '<Error><Code>InternalError</Code><Message>We failed</Message></Error>\n', 'We failed'],
    ['is empty', '', 'the answer is no ListBucketResult: it is empty'],
    [
      'is the page of a proxy',
      '<html><body>log in</body></html>',
      'the answer is no ListBucketResult: "<html><body>log',
    ],
    ['is no XML', '{"keys":[]}', 'the answer is no ListBucketResult: "{'],
    ['breaks off in an object', list(object).slice(0, -70), 'the answer breaks off after'],
    ['breaks off between objects', list(object).slice(0, -'</ListBucketResult>'.length), 'the answer breaks off after'],
    ['breaks off in an error', '<Error><Code>Internal', 'the answer is no ListBucketResult: "<Error>'],
  ])('tries a listing again that %s, and never takes it for an empty one', async (_, body, why) => {
    expect(await keysOf(storeAnswering(xml(body), xml(list(object))))).toEqual(['p/1']);
    asked = [];
    const listing = keysOf(storeAnswering(xml(body)));
    await expect(listing).rejects.toThrow(StoreError);
    await expect(listing).rejects.toThrow('Could not list "p/" in s3://bucket: ');
    await expect(listing).rejects.toThrow(why);
    expect(asked).toHaveLength(2);
  });

  it('tries a listing again whose connection breaks', async () => {
    const broken: Answer = (_, response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('<ListBucketResult>', () => response.destroy());
    };
    expect(await keysOf(storeAnswering(broken, xml(list(object))))).toEqual(['p/1']);
  });

  it.each([
    ['more keys, and not where they begin', '<IsTruncated>true</IsTruncated>', 'there is more'],
    ['an object without a key', '<Contents><Size>1</Size></Contents>', 'an object has no key'],
  ])('fails on a listing that tells of %s', async (_, inside, why) => {
    const listing = keysOf(storeAnswering(xml(list(inside))));
    await expect(listing).rejects.toThrow(StoreError);
    await expect(listing).rejects.toThrow(why);
  });

  it('tells folders page by page, by the names that they have', async () => {
    const folder = (name: string) => `<CommonPrefixes><Prefix>${name}</Prefix></CommonPrefixes>`;
    const more = '<IsTruncated>true</IsTruncated><NextContinuationToken>next</NextContinuationToken>';
    const store = storeAnswering(
      xml(list(`${more}${object}${folder('p/a+b%25/')}`)),
      xml(list(`${more}${object}`)),
      xml(list(folder('p/c/'))),
    );
    expect(await store.folders('p/')).toEqual(['p/a b%/', 'p/c/']);
    expect(asked).toHaveLength(3);
    const nameless = storeAnswering(xml(list('<CommonPrefixes></CommonPrefixes>')));
    await expect(nameless.folders('p/')).rejects.toThrow('a folder has no name');
  });

  it('takes a listing without objects for what it is, however it is written', async () => {
    for (const body of [
      list(''),
      '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>',
      '<a:ListBucketResult xmlns:a="x"></a:ListBucketResult>\n',
    ])
      expect(await keysOf(storeAnswering(xml(body)))).toEqual([]);
  });

  it('takes no deletion for done whose answer has an error inside', async () => {
    const failure = '<Error><Code>InternalError</Code><Message>We failed</Message></Error>';
    const deleting = storeAnswering(xml(list(object)), xml(failure)).deletePrefix('p/');
    await expect(deleting).rejects.toThrow(StoreError);
    await expect(deleting).rejects.toThrow('Could not delete "p/…" in s3://bucket: InternalError');
  });

  it('fails when a look finds no size', async () => {
    const bare: Answer = (_, response) => {
      response.removeHeader('content-length');
      response.writeHead(200, { 'transfer-encoding': 'chunked' }).end();
    };
    await expect(storeAnswering(bare).head('k')).rejects.toThrow(
      'Could not look up "k" in s3://bucket: the answer has no size or no time.',
    );
  });

  it('says which keys of a mass deletion stay', async () => {
    const page =
      '<ListBucketResult><Contents><Key>p/1</Key><Size>1</Size><ETag>"e"</ETag><LastModified>2024-01-01T00:00:00Z</LastModified></Contents></ListBucketResult>';
    const failed =
      '<DeleteResult><Error><Key>p/1</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>';
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
