import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { startS3Proxy, type S3Proxy } from './proxy.ts';
import type { S3Fault, S3Rule } from './rules.ts';

/** What is left of S3 for these tests: objects in memory, versions as etags. */
const objects = new Map<string, { readonly body: Buffer; readonly version: number }>();
let version = 0;
let server: Server;
let upstream: string;
let proxy: S3Proxy;

beforeAll(async () => {
  server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const { pathname, search } = new URL(request.url ?? '', 'http://upstream');
      if (request.method === 'PUT') objects.set(pathname, { body, version: ++version });
      if (request.method === 'DELETE') objects.delete(pathname);
      const found = objects.get(pathname);
      const listed = [...objects].map(
        ([path, { body: bytes, version: at }]) =>
          `<Contents><Key>${path.slice(3)}</Key><Size>${bytes.length}</Size><LastModified>2026-01-0${at}</LastModified></Contents>`,
      );
      if (search.includes('list-type')) response.end(`<ListBucketResult>${listed.join('')}</ListBucketResult>`);
      else if (request.method === 'DELETE') response.writeHead(204).end();
      else if (request.method === 'PUT') response.end();
      else if (found === undefined) response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
      else
        response
          .writeHead(200, { etag: `"${found.version}"`, 'content-length': found.body.length })
          .end(request.method === 'GET' ? found.body : undefined);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(async () => {
  objects.clear();
  version = 0;
  proxy = await startS3Proxy(upstream, 1);
});
afterEach(() => proxy.stop());

/** How a request ended; null where no whole answer came. */
interface Got {
  readonly status: number | null;
  readonly text: string | null;
}

async function ask(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Got> {
  try {
    const answer = await fetch(`${proxy.url}${path}`, { method, headers, ...(body !== undefined && { body }) });
    return { status: answer.status, text: await answer.text().catch(() => null) };
  } catch {
    return { status: null, text: null };
  }
}
const list = () => ask('GET', '/b/?list-type=2&prefix=p%2F');
const injected = () => proxy.injections.map(({ fault }) => fault);

describe('the S3 proxy', () => {
  it('passes on what meets no rule', async () => {
    proxy.inject({ fault: 'error 500', key: /^other/ });
    expect(await ask('PUT', '/b/p/1', 'first')).toEqual({ status: 200, text: '' });
    expect(await ask('GET', '/b/p/1')).toEqual({ status: 200, text: 'first' });
    const head = await fetch(`${proxy.url}/b/p/1`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), head.headers.get('etag')]).toEqual([200, '5', '"1"']);
    expect((await list()).text).toContain('<Key>p/1</Key>');
    expect((await ask('DELETE', '/b/p/1')).status).toBe(204);
    expect((await ask('GET', '/b/p/1')).status).toBe(404);
    expect(proxy.injections).toEqual([]);
  });

  it.each<[S3Fault, Got]>([
    ['error 500', { status: 500, text: expect.stringContaining('InternalError') as string }],
    ['slow down', { status: 503, text: expect.stringContaining('SlowDown') as string }],
    ['reset', { status: null, text: null }],
    ['reset in the body', { status: 200, text: null }],
    ['cut off', { status: 200, text: null }],
    ['shorter', { status: 200, text: '01234' }],
    ['wrong length', { status: 200, text: '012345678' }],
    ['bit flip read', { status: 200, text: expect.stringMatching(/^(?!0123456789$).{10}$/su) as string }],
    ['stale object', { status: 200, text: 'old' }],
    ['very slow', { status: 200, text: '0123456789' }],
  ])('spoils a read by: %s', async (fault, expected) => {
    await ask('PUT', '/b/k', 'old');
    await ask('PUT', '/b/k', '0123456789');
    proxy.inject({ fault, times: 1, delayMs: 2 });
    expect(await ask('GET', '/b/k')).toEqual(expected);
    expect(proxy.injections).toEqual([{ fault, operation: 'get', key: 'k' }]);
    expect(await ask('GET', '/b/k')).toEqual({ status: 200, text: '0123456789' });
  });

  it.each<[S3Fault, Got]>([
    ['wrong length', { status: 200, text: expect.stringContaining('<Size>2</Size>') as string }],
    ['error in 200', { status: 200, text: expect.stringContaining('<Error>') as string }],
    ['empty answer', { status: 200, text: '' }],
    ['cut off', { status: 200, text: null }],
  ])('spoils a listing by: %s', async (fault, expected) => {
    await ask('PUT', '/b/p/2', '2');
    await ask('PUT', '/b/p/1', '1');
    proxy.inject({ fault });
    expect(await list()).toEqual(expected);
    expect(injected()).toEqual([fault]);
  });

  it('leaves the newest object out of a stale listing, and only that', async () => {
    await ask('PUT', '/b/p/2', '2');
    await ask('PUT', '/b/p/1', '1');
    proxy.inject({ fault: 'stale listing' });
    expect((await list()).text?.match(/p\/\d/g)).toEqual(['p/2']);
  });

  it('breaks off a write before it is done, or after', async () => {
    proxy.inject({ fault: 'reset', times: 1 }, { fault: 'answer lost', times: 1 });
    expect((await ask('PUT', '/b/before', 'x')).status).toBeNull();
    expect((await ask('PUT', '/b/after', 'x')).status).toBeNull();
    expect([...objects.keys()]).toEqual(['/b/after']);
    expect(injected()).toEqual(['reset', 'answer lost']);
  });

  it('lets a flipped bit be refused by the checksum that was sent along, as S3 does, else stores it', async () => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32('12345'));
    const checked = { 'x-amz-checksum-crc32': sum.toString('base64') };
    expect((await ask('PUT', '/b/good', '12345', checked)).status).toBe(200);
    proxy.inject({ fault: 'bit flip sent' });
    expect(await ask('PUT', '/b/k', '12345', checked)).toEqual({
      status: 400,
      text: expect.stringContaining('BadDigest') as string,
    });
    expect(objects.has('/b/k')).toBe(false);
    expect((await ask('PUT', '/b/k', '12345')).status).toBe(200);
    expect(objects.get('/b/k')?.body.toString('latin1')).toMatch(/^(?!12345$).{5}$/s);
  });

  it('answers as if an object were not there yet, or were what it was, in ranges and under conditions', async () => {
    await ask('PUT', '/b/k', 'first');
    proxy.inject({ fault: 'stale object' });
    expect((await ask('GET', '/b/k')).status).toBe(404);
    await ask('PUT', '/b/k', 'second');
    expect((await ask('GET', '/b/k', undefined, { range: 'bytes=1-2' })).text).toBe('ir');
    expect((await ask('GET', '/b/k', undefined, { range: 'bytes=5-' })).status).toBe(416);
    expect((await ask('GET', '/b/k', undefined, { 'if-match': '"2"' })).status).toBe(412);
    expect((await ask('GET', '/b/k', undefined, { 'if-match': '"1"' })).text).toBe('first');
    const head = await fetch(`${proxy.url}/b/k`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), head.headers.get('etag')]).toEqual([200, '5', '"1"']);
    // Nobody knows what was there before.
    objects.set('/b/other', { body: Buffer.from('there'), version: 9 });
    const before = proxy.injections.length;
    expect((await ask('GET', '/b/other')).text).toBe('there');
    expect(proxy.injections).toHaveLength(before);
  });

  it('counts nothing where a fault finds nothing to spoil', async () => {
    proxy.inject({ fault: 'shorter' }, { fault: 'stale listing' });
    await ask('PUT', '/b/empty', '');
    expect((await ask('GET', '/b/empty')).status).toBe(200);
    expect((await ask('GET', '/b/missing')).status).toBe(404);
    expect(proxy.injections).toEqual([]);
  });

  it('begins at the nth request, by key and operation, and ends after so many', async () => {
    proxy.inject({ fault: 'error 500', operations: ['get'], key: /^p\//, first: 2, times: 2 });
    await ask('PUT', '/b/p/1', 'x');
    await ask('PUT', '/b/q/1', 'x');
    const statuses: (number | null)[] = [];
    for (const path of ['/b/p/1', '/b/q/1', '/b/p/1', '/b/p/1', '/b/p/1', '/b/p/1'])
      statuses.push((await ask('GET', path)).status);
    expect(statuses).toEqual([200, 200, 500, 500, 200, 200]);
  });

  it('tells of a request before it is answered, and waits', async () => {
    const seen: string[] = [];
    proxy.watch(async ({ operation, key }) => {
      await Promise.resolve();
      seen.push(`${operation} ${key} ${objects.has('/b/p/1')}`);
    });
    await ask('PUT', '/b/p/1', 'x');
    await list();
    expect(seen).toEqual(['put p/1 false', 'list p/ true']);
  });

  it('draws by the seed and the request, whatever else is asked and whatever the run is called', async () => {
    const rule: S3Rule = { fault: 'error 500', chance: 0.5 };
    const drawn = async (seed: number, run: string, others: boolean) => {
      const own = await startS3Proxy(upstream, seed);
      own.inject(rule);
      const statuses: number[] = [];
      for (let nth = 0; nth < 20; nth++) {
        if (others) await fetch(`${own.url}/b/other/${nth}`);
        statuses.push((await fetch(`${own.url}/b/results/runs/${run}/0.json`)).status);
      }
      await own.stop();
      return statuses.join();
    };
    const first = await drawn(5, 'a', false);
    expect(new Set(first.split(','))).toEqual(new Set(['500', '404']));
    expect(await drawn(5, 'b', true)).toBe(first);
    expect(await drawn(6, 'a', false)).not.toBe(first);
  });
});
