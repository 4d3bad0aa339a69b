import { addAbortSignal, Readable } from 'node:stream';
import { ChangedError, NoSuchBucketError, NotFoundError, StoreError } from '../errors.ts';
import { checkDeletePrefix, checkKey, checkRange } from '../key.ts';
import type {
  Body,
  HeadOptions,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  ReadOptions,
  StreamOptions,
  WriteOptions,
  VersionOptions,
  WrittenObject,
} from '../object-store.ts';
import { placeOf, readBody, WrongBytesError, type OpenBody } from './s3-body.ts';
import { s3, type S3, type StoreAccess } from './s3-client.ts';
import { answerOf, isMute } from './s3-answer.ts';
import { s3Error } from './s3-errors.ts';
import { uploadParts } from './s3-upload.ts';

/** From this size on a body goes up in parts: parts are retried alone, and a single PUT ends at 5 GB. */
const SINGLE_PUT_BYTES = 64 * 2 ** 20;
/** DeleteObjects takes at most 1,000 keys. */
const KEYS_PER_DELETE = 1000;
/** Name of the metadata (`x-amz-meta-sha256`) that keeps what `put` was told: the etag of an object sent in parts is not a sum of its bytes. */
const SHA256 = 'sha256';
/** S3 answers 409 when a delete races with a conditional write; AWS says to try again. */
const CONFLICT_ATTEMPTS = 5;
/** Readings of bytes that don't fit their checksum: what is on its way is damaged once, what is stored is damaged each time. */
const READ_ATTEMPTS = 3;

/** A bucket on S3, or on anything that speaks its API, as an object store. */
export function s3Store(bucket: string, access: StoreAccess = {}): ObjectStore {
  return new S3Store(bucket, access);
}

class S3Store implements ObjectStore {
  readonly url: string;
  readonly #bucket: string;
  readonly #access: StoreAccess;
  /** HEAD answers a bare 404 for a missing key and for a missing bucket; once anything was found the bucket is there. */
  #bucketSeen = false;

  constructor(bucket: string, access: StoreAccess) {
    this.#access = access;
    this.url = `s3://${bucket}`;
    this.#bucket = bucket;
  }

  async get(key: string, options: VersionOptions = {}): Promise<Buffer> {
    return await this.getRange(key, 0, Infinity, options);
  }

  async getRange(key: string, start: number, end: number, options: VersionOptions = {}): Promise<Buffer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#readAll(key, { start, end, ...options });
      } catch (error) {
        if (!(error instanceof WrongBytesError) || attempt === READ_ATTEMPTS) throw error;
      }
    }
  }

  async #readAll(key: string, options: StreamOptions): Promise<Buffer> {
    const reading = await this.#read(key, options);
    return await this.#call(`read "${key}"`, key, options, async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of reading?.bytes ?? []) chunks.push(chunk);
      const [first] = chunks;
      return first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks);
    });
  }

  async stream(key: string, options: StreamOptions = {}): Promise<Readable> {
    const reading = await this.#read(key, options);
    if (reading === undefined) return Readable.from([]);
    const stream = Readable.from(reading.bytes, { objectMode: false });
    // A stream that is given up before its first byte never starts the generator, which would free the connection.
    stream.once('close', () => reading.body.destroy());
    return options.signal === undefined ? stream : addAbortSignal(options.signal, stream);
  }

  async put(key: string, body: Body, options: WriteOptions = {}): Promise<WrittenObject> {
    checkKey(key);
    return await this.#call(`write "${key}"`, key, options, async ({ client, sdk }) => {
      const { sha256 } = options;
      const target = {
        Bucket: this.#bucket,
        Key: key,
        ...(sha256 !== undefined && { Metadata: { [SHA256]: sha256 } }),
      };
      const bytes = bytesOf(body);
      if (bytes instanceof Uint8Array && bytes.length < SINGLE_PUT_BYTES) {
        const command = new sdk.PutObjectCommand({ ...target, Body: bytes });
        const { ETag } = await client.send(command, abortBy(options));
        return { key, size: bytes.length, etag: bare(ETag) };
      }
      const { size, etag } = await uploadParts(client, target, bytes, options);
      return { key, size, etag: bare(etag) };
    });
  }

  async putIfAbsent(key: string, body: Uint8Array | string, options: ReadOptions = {}): Promise<boolean> {
    return await this.#putIf({ IfNoneMatch: '*' }, key, body, options);
  }

  async putIfMatch(key: string, body: Uint8Array | string, etag: string, options: ReadOptions = {}): Promise<boolean> {
    return await this.#putIf({ IfMatch: quoted(etag) }, key, body, options);
  }

  async #putIf(
    condition: { readonly IfNoneMatch: string } | { readonly IfMatch: string },
    key: string,
    body: Uint8Array | string,
    options: ReadOptions,
  ): Promise<boolean> {
    checkKey(key);
    return await this.#call(`write "${key}"`, key, options, async ({ client, sdk }) => {
      for (let attempt = 1; ; attempt++) {
        try {
          const target = { Bucket: this.#bucket, Key: key, ...condition, Body: bytesOf(body) };
          await client.send(new sdk.PutObjectCommand(target), abortBy(options));
          return true;
        } catch (error) {
          const { name, status, attempts } = answerOf(error);
          if (status === 412 && (attempts > 1 || attempt > 1)) return await this.#holds(key, body, options);
          if (status === 412 || (status === 404 && name !== 'NoSuchBucket' && 'IfMatch' in condition)) return false;
          if (status !== 409 || attempt === CONFLICT_ATTEMPTS) throw error;
        }
      }
    });
  }

  /** Whether an attempt did write of which no answer came: the next one is refused then, by what it wrote itself. */
  async #holds(key: string, body: Uint8Array | string, options: ReadOptions): Promise<boolean> {
    try {
      return Buffer.from(body).equals(await this.get(key, options));
    } catch (error) {
      if (error instanceof NotFoundError) return false;
      throw error;
    }
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    for await (const page of this.#pages(prefix, options)) {
      for (const { Key, Size, ETag, LastModified } of page.Contents ?? []) {
        if (Key === undefined || Size === undefined || LastModified === undefined)
          throw this.#wrong(`list "${prefix}"`, 'an object has no key, no size or no time');
        yield { key: decoded(Key), size: Size, etag: bare(ETag), lastModified: LastModified };
      }
    }
  }

  async folders(prefix: string, options: ReadOptions = {}): Promise<string[]> {
    const folders: string[] = [];
    for await (const page of this.#pages(prefix, { ...options, delimiter: '/' })) {
      for (const { Prefix } of page.CommonPrefixes ?? []) {
        if (Prefix === undefined) throw this.#wrong(`list "${prefix}"`, 'a folder has no name');
        folders.push(decoded(Prefix));
      }
    }
    return folders;
  }

  /** Answers to a listing; with a delimiter what lies behind the next one in a key is only told to be there. */
  async *#pages(prefix: string, options: ListOptions & { readonly delimiter?: string }) {
    let after = options.startAfter;
    let token: string | undefined;
    do {
      const page = await this.#call(`list "${prefix}"`, undefined, options, async ({ client, sdk }) => {
        const request = {
          Bucket: this.#bucket,
          Prefix: prefix,
          // Keys may hold characters that XML can't.
          EncodingType: 'url',
          Delimiter: options.delimiter,
          ...(after !== undefined && after !== '' && { StartAfter: after }),
          ...(token !== undefined && { ContinuationToken: token }),
        } as const;
        return await client.send(new sdk.ListObjectsV2Command(request), abortBy(options));
      });
      yield page;
      token = page.NextContinuationToken;
      if (page.IsTruncated === true && token === undefined)
        throw this.#wrong(`list "${prefix}"`, 'there is more, and the answer doesn’t say where it goes on');
      after = undefined;
    } while (token !== undefined);
  }

  async head(key: string, options: HeadOptions = {}): Promise<ObjectInfo | undefined> {
    checkKey(key);
    return await this.#call(`look up "${key}"`, key, options, async ({ client, sdk }) => {
      try {
        const request = { Bucket: this.#bucket, Key: key };
        const found = await client.send(new sdk.HeadObjectCommand(request), abortBy(options));
        const { ContentLength, ETag, LastModified, Metadata: { [SHA256]: sha256 } = {} } = found;
        if (ContentLength === undefined || LastModified === undefined)
          throw this.#wrong(`look up "${key}"`, 'the answer has no size or no time');
        const info = { key, size: ContentLength, etag: bare(ETag), lastModified: LastModified };
        return { ...info, ...(options.sha256 === true && sha256 !== undefined && { sha256 }) };
      } catch (error) {
        if (isMute(answerOf(error))) await this.#sentence(key, options, error, { client, sdk });
        if (answerOf(error).status !== 404) throw error;
        if (!this.#bucketSeen) await this.#checkBucket({ client, sdk });
        return undefined;
      }
    });
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    await this.#call(`delete "${key}"`, key, {}, async ({ client, sdk }) => {
      await client.send(new sdk.DeleteObjectCommand({ Bucket: this.#bucket, Key: key }));
    });
  }

  async deletePrefix(prefix: string): Promise<number> {
    checkDeletePrefix(prefix);
    let deleted = 0;
    let keys: string[] = [];
    const deleteKeys = async (): Promise<void> => {
      if (keys.length === 0) return;
      await this.#deleteAll(prefix, keys);
      deleted += keys.length;
      keys = [];
    };
    for await (const { key } of this.list(prefix)) {
      keys.push(key);
      if (keys.length === KEYS_PER_DELETE) await deleteKeys();
    }
    await deleteKeys();
    return deleted;
  }

  async #deleteAll(prefix: string, keys: readonly string[]): Promise<void> {
    const what = `delete "${prefix}…"`;
    const answer = await this.#call(what, undefined, {}, async ({ client, sdk }) => {
      const request = { Objects: keys.map((Key) => ({ Key })), Quiet: true };
      return await client.send(new sdk.DeleteObjectsCommand({ Bucket: this.#bucket, Delete: request }));
    });
    const failed = answer.Errors ?? [];
    const [first] = failed;
    if (first === undefined) return;
    const { Key = '', Code = 'no code', Message = 'no message' } = first;
    const stay = failed.length === 1 ? '1 key stays' : `${failed.length} keys stay`;
    const why = `Could not ${what} in ${this.url}: ${stay}, e.g. "${Key}" (${Code}: ${Message})`;
    throw new StoreError(this.url, why);
  }

  /** The bytes of a range that begins inside the object; undefined when it holds none of an object that exists. */
  async #read(key: string, options: StreamOptions) {
    const { start = 0, end = Infinity, signal, ifMatch } = options;
    checkKey(key);
    checkRange(key, start, end);
    if (start === end) {
      const found = await this.head(key, options);
      if (found === undefined) throw new NotFoundError(this.url, key);
      if (ifMatch !== undefined && ifMatch !== found.etag) throw new ChangedError(this.url, key);
      return undefined;
    }
    const open = (position: number, etag?: string) => this.#open(key, position, end, etag, options);
    const wrong = (why: string) => this.#wrong(`read "${key}"`, why);
    const first = await open(start, ifMatch && quoted(ifMatch));
    if (first === undefined) return undefined;
    const damaged = (cause: unknown) =>
      new WrongBytesError(
        this.url,
        `Could not read "${key}" in ${this.url}: the bytes that came don't fit the checksum that it was stored with.`,
        { cause },
      );
    const bytes = readBody(first, { start, end, signal, reopen: open, wrong, damaged });
    return { body: first.body, bytes: this.#named(key, signal, bytes) };
  }

  async #open(key: string, start: number, end: number, etag: string | undefined, options: VersionOptions) {
    if (start >= end) return undefined;
    return await this.#call(`read "${key}"`, key, options, async ({ client, sdk }): Promise<OpenBody | undefined> => {
      const whole = start === 0 && end === Infinity;
      const request = {
        Bucket: this.#bucket,
        Key: key,
        ...(!whole && { Range: `bytes=${start}-${end === Infinity ? '' : end - 1}` }),
        ...(etag !== undefined && { IfMatch: etag }),
      };
      try {
        const found = await client.send(new sdk.GetObjectCommand(request), abortBy(options));
        return { body: found.Body as Readable, etag: found.ETag, ...placeOf(found.ContentRange, found.ContentLength) };
      } catch (error) {
        const { status } = answerOf(error);
        // S3 answers so when the range starts at or after the end.
        if (status === 416) return undefined;
        if (status === 412 && options.ifMatch !== undefined) throw new ChangedError(this.url, key, { cause: error });
        if (status === 412) throw new StoreError(this.url, `"${key}" in ${this.url} was replaced while it was read.`);
        throw error;
      }
    });
  }

  /** Streams are read when the call that made them is over. */
  async *#named(key: string, signal: AbortSignal | undefined, bytes: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
    try {
      yield* bytes;
    } catch (error) {
      signal?.throwIfAborted();
      throw s3Error(this.url, `read "${key}"`, key, error);
    }
  }

  #wrong(what: string, why: string): StoreError {
    return new StoreError(this.url, `Could not ${what} in ${this.url}: ${why}.`);
  }

  /** Answers to HEAD have no body, so AWS's sentence is asked for by a GET of one byte. @throws the error of that; else of HEAD */
  async #sentence(key: string, options: ReadOptions, error: unknown, { client, sdk }: S3): Promise<never> {
    const request = { Bucket: this.#bucket, Key: key, Range: 'bytes=0-0' };
    const { Body } = await client.send(new sdk.GetObjectCommand(request), abortBy(options));
    (Body as Readable).destroy();
    throw error;
  }

  async #checkBucket({ client, sdk }: S3): Promise<void> {
    try {
      await client.send(new sdk.HeadBucketCommand({ Bucket: this.#bucket }));
      this.#bucketSeen = true;
    } catch (error) {
      if (answerOf(error).status === 404) throw new NoSuchBucketError(this.url, { cause: error });
      // As of a key: what HEAD leaves out, a listing says.
      if (isMute(answerOf(error)))
        await client.send(new sdk.ListObjectsV2Command({ Bucket: this.#bucket, MaxKeys: 1 }));
      throw error;
    }
  }

  async #call<Result>(
    what: string,
    key: string | undefined,
    { signal }: ReadOptions,
    work: (aws: S3) => Promise<Result>,
  ): Promise<Result> {
    try {
      signal?.throwIfAborted();
      const result = await work(await s3(this.#access));
      this.#bucketSeen = true;
      return result;
    } catch (error) {
      signal?.throwIfAborted();
      throw s3Error(this.url, what, key, error);
    }
  }
}

function abortBy({ signal }: ReadOptions) {
  return signal === undefined ? {} : { abortSignal: signal };
}

function bare(etag: string | undefined): string {
  return (etag ?? '').replaceAll('"', '');
}

/** As the header wants it. */
function quoted(etag: string): string {
  return `"${etag}"`;
}

/** Undoes EncodingType url, which writes a blank as `+`. */
function decoded(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}

/** The SDK takes empty text for a body of unknown length. */
function bytesOf<Other>(body: string | Other): Buffer | Other {
  return typeof body === 'string' ? Buffer.from(body) : body;
}
