import { createHash } from 'node:crypto';
import { EnvironmentError, RemoteError } from '@cosmicai/payload';

/** What is stored under its own digest: a layer, a configuration. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export interface Manifest {
  readonly mediaType: string;
  readonly digest: string;
  /** The bytes that the digest is of. */
  readonly bytes: Buffer;
}

export interface Repository {
  /** `http://127.0.0.1:5000` or `https://registry.example.org`. */
  readonly registry: string;
  /** `library/node`. */
  readonly name: string;
  /** User and password; without them the registry is asked as a stranger. */
  readonly credentials?: { readonly user: string; readonly password: string };
}

/** Where images lie: a registry, or a folder laid out as one. What is read is checked against its digest. */
export interface ImageStore {
  /** @param reference a tag or a digest @returns undefined when there is none @throws RemoteError */
  manifest(reference: string): Promise<Manifest | undefined>;
  /** @throws RemoteError, also when what arrives is something else than the digest says */
  blob(descriptor: Pick<Descriptor, 'digest' | 'size'>): Promise<Buffer>;
  hasBlob(digest: string): Promise<boolean>;
  putBlob(digest: string, bytes: Uint8Array): Promise<void>;
  putManifest(tag: string, manifest: Pick<Manifest, 'mediaType' | 'bytes'>): Promise<void>;
}

const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/** Larger answers are no manifests. */
const MOST_MANIFEST_BYTES = 4 * 1024 * 1024;

/** One repository of a registry, by the distribution API that Docker Hub, ECR and others share. */
export class RegistryClient implements ImageStore {
  readonly #repository: Repository;
  readonly #signal: AbortSignal | undefined;
  /** From the credentials, if there are any. */
  readonly #password: string | undefined;
  /** For what was asked last: to read, or to write as well. */
  #token: string | undefined;

  constructor(repository: Repository, signal?: AbortSignal) {
    this.#repository = repository;
    this.#signal = signal;
    const { credentials } = repository;
    if (credentials !== undefined)
      this.#password = `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`;
  }

  async manifest(reference: string): Promise<Manifest | undefined> {
    const response = await this.#send('GET', `manifests/${reference}`, { headers: { accept: MANIFESTS.join(', ') } });
    if (response.status === 404) {
      await dismiss(response);
      return;
    }
    const bytes = await this.#bytes(response, `manifest ${reference}`);
    if (bytes.length > MOST_MANIFEST_BYTES) throw this.#unexpected(`manifest ${reference}`, `${bytes.length} bytes`);
    const digest = sha256(bytes);
    if (reference.startsWith('sha256:') && digest !== reference)
      throw this.#unexpected(`manifest ${reference}`, `bytes of ${digest}`);
    const mediaType = response.headers.get('content-type')?.split(';', 1)[0]?.trim() ?? '';
    return { mediaType, digest, bytes };
  }

  async blob({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): Promise<Buffer> {
    const bytes = await this.#bytes(await this.#send('GET', `blobs/${digest}`), `blob ${digest}`);
    if (bytes.length !== size || sha256(bytes) !== digest)
      throw this.#unexpected(`blob ${digest}`, `${bytes.length} bytes of ${sha256(bytes)}`);
    return bytes;
  }

  async hasBlob(digest: string): Promise<boolean> {
    const response = await this.#send('HEAD', `blobs/${digest}`);
    await dismiss(response);
    return response.ok;
  }

  async putBlob(digest: string, bytes: Uint8Array): Promise<void> {
    const begun = await this.#send('POST', 'blobs/uploads/');
    await this.#bytes(begun, 'the begin of an upload');
    const type = { 'content-type': 'application/octet-stream' };
    const sent = await this.#send('PATCH', this.#location(begun), { body: bytes, headers: type });
    await this.#bytes(sent, `upload of ${digest}`);
    const end = new URL(this.#location(sent));
    end.searchParams.set('digest', digest);
    await this.#bytes(await this.#send('PUT', end.href), `upload of ${digest}`);
  }

  async putManifest(reference: string, { mediaType, bytes }: Pick<Manifest, 'mediaType' | 'bytes'>): Promise<void> {
    const request = { body: bytes, headers: { 'content-type': mediaType } };
    await this.#bytes(await this.#send('PUT', `manifests/${reference}`, request), `manifest ${reference}`);
  }

  /** @param path below the repository, or a whole address that the registry gave */
  async #send(
    method: string,
    path: string,
    request: { readonly body?: Uint8Array; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Response> {
    const url = path.includes('://') ? path : `${this.#repository.registry}/v2/${this.#repository.name}/${path}`;
    // A password is for the registry alone, not for where it sends us on to.
    const trusted = new URL(url).host === new URL(this.#repository.registry).host;
    const attempt = () => {
      const authorization = this.#token ?? this.#password;
      return this.#fetch(url, {
        method,
        headers: { ...request.headers, ...(trusted && authorization && { authorization }) },
        ...(request.body && { body: request.body as Uint8Array<ArrayBuffer> }),
      });
    };
    const response = await attempt();
    const challenge = response.headers.get('www-authenticate') ?? '';
    if (response.status !== 401 || !/^bearer /i.test(challenge)) return response;
    await dismiss(response);
    this.#token = await this.#newToken(challenge);
    return await attempt();
  }

  /** What public registries give to strangers, too. */
  async #newToken(challenge: string): Promise<string> {
    const fields = new Map(
      [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
    );
    const realm = fields.get('realm');
    if (realm === undefined) throw this.#unexpected('access', challenge);
    const url = new URL(realm);
    for (const name of ['service', 'scope']) {
      const value = fields.get(name);
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const answer = await this.#fetch(url.href, {
      headers: { ...(this.#password && { authorization: this.#password }) },
    });
    const { token, access_token: other } = JSON.parse((await this.#bytes(answer, 'access')).toString()) as Record<
      string,
      string | undefined
    >;
    const given = token ?? other;
    if (given === undefined) throw this.#unexpected('access', 'an answer without a token');
    return `Bearer ${given}`;
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, { ...init, ...(this.#signal && { signal: this.#signal }) });
    } catch (error) {
      this.#signal?.throwIfAborted();
      const { message, cause } = error as Error;
      const why = cause instanceof Error ? cause.message : message;
      throw new EnvironmentError(
        `The image registry ${new URL(url).origin} can't be reached (${why}). Look at the network, or name another registry (of a stage's server: rendezvous.base_image in the stage's file).`,
        { cause: error },
      );
    }
  }

  async #bytes(response: Response, what: string): Promise<Buffer> {
    const bytes = Buffer.from(await response.arrayBuffer());
    if (response.ok) return bytes;
    const { status } = response;
    if (status === 401 || status === 403)
      throw new EnvironmentError(
        `The image registry ${this.#repository.registry} refuses ${what} of ${this.#repository.name} (${status}: ${bytes.subarray(0, 300).toString()}). Log in to it first; what docker, podman or oras login leave in ~/.docker/config.json is read.`,
      );
    throw this.#unexpected(what, `${status}: ${bytes.subarray(0, 300).toString()}`);
  }

  #location(response: Response): string {
    const location = response.headers.get('location');
    if (location === null) throw this.#unexpected('an upload', 'no place for it');
    return new URL(location, this.#repository.registry).href;
  }

  #unexpected(what: string, answer: string): RemoteError {
    const { registry, name } = this.#repository;
    return new RemoteError(`The image registry ${registry} answered for ${what} of ${name}: ${answer}`);
  }
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function dismiss(response: Response): Promise<undefined> {
  await response.arrayBuffer();
}
