import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { sha256 } from '../src/image/registry.ts';

const OCI = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

export interface StandInRegistry extends AsyncDisposable {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  /** `METHOD path` of each request, without the queries. */
  readonly requests: string[];
  /** By repository and digest. */
  readonly blobs: Map<string, Buffer>;
  /** By repository and tag or digest. */
  readonly manifests: Map<string, { readonly type: string; readonly bytes: Buffer }>;
}

/**
 * A registry in this process, which asks strangers for a token as Docker Hub does, or for a user and a password as ECR does, and checks
 * what it is sent as both do.
 */
export async function standInRegistry({
  basic,
  tokens = basic === undefined,
  open = false,
}: {
  readonly basic?: string;
  /** Passwords are for tokens, of which one to read allows no writing. */
  readonly tokens?: boolean;
  readonly open?: boolean;
} = {}): Promise<StandInRegistry> {
  const requests: string[] = [];
  const blobs: StandInRegistry['blobs'] = new Map();
  const manifests: StandInRegistry['manifests'] = new Map();
  const uploads = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    void answer(request).then(({ status, headers = {}, body = '' }) => {
      response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  interface Answer {
    readonly status: number;
    readonly headers?: Record<string, string>;
    readonly body?: string | Buffer;
  }

  async function answer(request: IncomingMessage): Promise<Answer> {
    const address = new URL(request.url ?? '', url);
    const { method = '' } = request;
    requests.push(`${method} ${address.pathname}`);
    const body = await buffer(request);
    const password = basic && `Basic ${Buffer.from(basic).toString('base64')}`;
    const { authorization } = request.headers;
    if (address.pathname === '/token' && authorization === password)
      return { status: 200, body: JSON.stringify({ token: address.searchParams.get('scope') }) };
    const scope = basic === undefined || /GET|HEAD/.test(method) ? 'pull' : 'pull,push';
    const allowed = tokens ? [`Bearer ${scope}`, 'Bearer pull,push'] : [password];
    if (!open && !allowed.includes(authorization)) {
      const challenge = tokens ? `Bearer realm="${url}/token",service="s",scope="${scope}"` : 'Basic realm="r"';
      return { status: 401, headers: { 'www-authenticate': challenge }, body: 'who are you?' };
    }
    const [, name = '', kind = '', reference = ''] =
      /^\/v2\/(.+)\/(manifests|blobs\/uploads|blobs)\/(.*)$/.exec(address.pathname) ?? [];
    const at = `${name} ${reference}`;
    if (kind === 'manifests' && method === 'PUT') {
      const { config, layers } = JSON.parse(body.toString()) as Record<string, { digest: string }[]> & {
        config?: { digest: string };
      };
      for (const { digest } of [...(config ? [config] : []), ...(layers ?? [])])
        if (!blobs.has(`${name} ${digest}`)) return { status: 400, body: `no blob ${digest}` };
      const manifest = { type: request.headers['content-type'] ?? '', bytes: body };
      for (const key of [at, `${name} ${sha256(body)}`]) manifests.set(key, manifest);
      return { status: 201 };
    }
    if (kind === 'manifests') {
      const found = manifests.get(at);
      return found ? { status: 200, headers: { 'content-type': found.type }, body: found.bytes } : { status: 404 };
    }
    if (kind === 'blobs') {
      const found = blobs.get(at);
      return found ? { status: 200, body: found } : { status: 404 };
    }
    if (method === 'POST') {
      const place = `/v2/${name}/blobs/uploads/${uploads.size}`;
      uploads.set(place, Buffer.alloc(0));
      return { status: 202, headers: { location: `${place}?state=begun` } };
    }
    if (method === 'PATCH') {
      uploads.set(address.pathname, body);
      return { status: 202, headers: { location: `${address.pathname}?state=sent` } };
    }
    const digest = address.searchParams.get('digest') ?? '';
    const sent = uploads.get(address.pathname) ?? Buffer.alloc(0);
    if (sha256(sent) !== digest) return { status: 400, body: 'the digest does not fit' };
    blobs.set(`${name} ${digest}`, sent);
    return { status: 201 };
  }

  return {
    url,
    requests,
    blobs,
    manifests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A base for two architectures, under `base:1`. */
export function givenBase({ blobs, manifests }: StandInRegistry): string {
  const put = (bytes: Buffer, mediaType: string) => {
    const digest = sha256(bytes);
    blobs.set(`base ${digest}`, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const entries = ['amd64', 'arm64'].map((architecture) => {
    const layer = put(gzipSync(`files of ${architecture}`), 'application/vnd.oci.image.layer.v1.tar+gzip');
    const description = {
      architecture,
      os: 'linux',
      config: { Env: ['A=1'], User: 'root' },
      rootfs: { type: 'layers', diff_ids: [sha256(Buffer.from(architecture))] },
    };
    const configOf = put(Buffer.from(JSON.stringify(description)), 'application/vnd.oci.image.config.v1+json');
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI, config: configOf, layers: [layer] }));
    manifests.set(`base ${sha256(bytes)}`, { type: OCI, bytes });
    return { mediaType: OCI, digest: sha256(bytes), size: bytes.length, platform: { os: 'linux', architecture } };
  });
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: entries }));
  for (const reference of ['1', sha256(bytes)]) manifests.set(`base ${reference}`, { type: INDEX, bytes });
  return sha256(bytes);
}
