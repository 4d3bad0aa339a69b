import { RemoteError } from '@cosmicai/payload';
import { bucketsOf } from './has-bucket.ts';

/**
 * Deletes every version of every object of a bucket, then the bucket. Answers how many versions; undefined when there is
 * no such bucket.
 */
export async function removeBucket(bucket: string, region: string): Promise<number | undefined> {
  const { DeleteBucketCommand, DeleteObjectsCommand, ListObjectVersionsCommand } = await import('@aws-sdk/client-s3');
  const s3 = await bucketsOf(region);
  let removed = 0;
  try {
    // Always the first page: what it named is gone before the next one is asked for.
    for (;;) {
      const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
      const objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
      if (objects.length === 0) break;
      const request = { Bucket: bucket, Delete: { Objects: objects, Quiet: true } };
      const { Errors = [] } = await s3.send(new DeleteObjectsCommand(request));
      const [failed] = Errors;
      if (failed !== undefined) {
        const example = `"${failed.Key ?? ''}": ${failed.Message ?? ''}`;
        throw new RemoteError(`S3 keeps ${Errors.length} objects of ${bucket}, e.g. ${example}`);
      }
      removed += objects.length;
    }
    await s3.send(new DeleteBucketCommand({ Bucket: bucket }));
    return removed;
  } catch (error) {
    if ((error as Error).name === 'NoSuchBucket') return undefined;
    throw error;
  }
}
