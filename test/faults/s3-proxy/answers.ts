import { crc32 } from 'node:zlib';
import { refusal, xmlAnswer, type S3Answer, type S3Request } from './request.ts';
import type { S3Fault } from './rules.ts';

/** An answer, and how much of it comes in which way. */
export interface SentAnswer extends S3Answer {
  /** Content-Length, where it isn't that of the body. */
  readonly length?: number;
  /** After how many bytes of the body the connection ends, and how. */
  readonly ends?: { readonly after: number; readonly by: 'reset' | 'close' };
}

/** What a fault makes of a good answer; undefined where it finds nothing to do. @param draw from [0, 1) */
export function spoiled(
  fault: S3Fault,
  { operation }: Pick<S3Request, 'operation'>,
  answer: S3Answer,
  draw: () => number,
): SentAnswer | undefined {
  const { body } = answer;
  const half = Math.floor(body.length / 2);
  if (answer.status >= 300) return undefined;
  switch (fault) {
    case 'reset in the body':
      return body.length === 0 ? undefined : { ...answer, ends: { after: half, by: 'reset' } };
    case 'cut off':
      return body.length === 0 ? undefined : { ...answer, ends: { after: half, by: 'close' } };
    case 'shorter':
      return body.length === 0 ? undefined : { ...answer, body: body.subarray(0, half) };
    case 'wrong length':
      return operation === 'list' ? withWrongSize(answer) : withWrongLength(answer);
    case 'bit flip read':
      return body.length === 0 ? undefined : { ...answer, body: withBitFlipped(body, draw()) };
    case 'stale listing':
      return withoutNewest(answer);
    case 'error in 200':
      return xmlAnswer(
        200,
        '<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>',
      );
    case 'empty answer':
      return xmlAnswer(200, '');
    default:
      return undefined;
  }
}

/** @param at place in the bytes, from [0, 1) */
export function withBitFlipped(bytes: Buffer, at: number): Buffer {
  const flipped = Buffer.from(bytes);
  const bit = Math.floor(at * bytes.length * 8);
  flipped[bit >> 3]! ^= 1 << (bit & 7);
  return flipped;
}

/** What S3 answers to a body that doesn't fit the checksum that was sent along; undefined where it fits, or none was sent. */
export function badDigest({ headers, body }: S3Request): S3Answer | undefined {
  const sent = headers['x-amz-checksum-crc32'];
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  if (sent === undefined || sent === sum.toString('base64')) return undefined;
  return refusal(400, 'BadDigest', 'The CRC32 you specified did not match the calculated checksum.');
}

/** What a replica answers that has only this version of an object, or none. */
export function staleAnswer({ operation, headers }: S3Request, version: S3Answer | undefined): SentAnswer {
  const missing =
    operation === 'head' ? xmlAnswer(404, '') : refusal(404, 'NoSuchKey', 'The specified key does not exist.');
  if (version === undefined) return missing;
  const match = headers['if-match'];
  if (match !== undefined && match !== version.headers.etag)
    return refusal(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
  if (operation === 'head') return { ...version, body: Buffer.alloc(0), length: version.body.length };
  return ranged(version, headers.range);
}

function ranged(version: S3Answer, range: string | undefined): S3Answer {
  const size = version.body.length;
  const [, from, to = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  if (from === undefined) return version;
  if (Number(from) >= size) return refusal(416, 'InvalidRange', 'The requested range is not satisfiable');
  const end = to === '' ? size : Math.min(size, Number(to) + 1);
  const { 'x-amz-checksum-crc32': _, ...headers } = version.headers;
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${from}-${end - 1}/${size}` },
    body: version.body.subarray(Number(from), end),
  };
}

function withWrongLength(answer: S3Answer): SentAnswer | undefined {
  const length = Number(answer.headers['content-length'] ?? answer.body.length);
  return length === 0 ? undefined : { ...answer, length: length - 1 };
}

function withWrongSize(answer: S3Answer): SentAnswer | undefined {
  const text = answer.body.toString();
  const changed = text.replace(/<Size>(\d+)<\/Size>/, (_, size: string) => `<Size>${Number(size) + 1}</Size>`);
  return changed === text ? undefined : { ...answer, body: Buffer.from(changed) };
}

function withoutNewest(answer: S3Answer): SentAnswer | undefined {
  const text = answer.body.toString();
  const objects = text.match(/<Contents>.*?<\/Contents>/gs) ?? [];
  const timeOf = (object: string) => /<LastModified>(.*?)</.exec(object)?.[1] ?? '';
  const newest = objects.toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1)).at(-1);
  return newest === undefined ? undefined : { ...answer, body: Buffer.from(text.replace(newest, '')) };
}
