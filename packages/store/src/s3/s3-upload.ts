import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import type { ReadOptions } from '../object-store.ts';

/** S3 takes 10,000 parts: 160 GB with parts of this size. */
const PART_BYTES = 16 * 2 ** 20;
/** Each part that is under way is held in memory. */
const PARTS_AT_ONCE = 4;

/** Writes a body in parts, which are retried alone. The object appears when all of them are there; a failure leaves none. */
export async function uploadParts(
  client: S3Client,
  target: { Bucket: string; Key: string; Metadata?: Record<string, string> },
  body: Uint8Array | Readable,
  { signal }: ReadOptions,
): Promise<{ size: number; etag: string | undefined }> {
  const { Upload } = await import('@aws-sdk/lib-storage');
  const params = { ...target, Body: body };
  const upload = new Upload({ client, params, partSize: PART_BYTES, queueSize: PARTS_AT_ONCE });
  let size = 0;
  upload.on('httpUploadProgress', ({ loaded = 0 }) => (size = loaded));
  const abort = () => void upload.abort();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const { ETag } = await upload.done();
    return { size, etag: ETag };
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
