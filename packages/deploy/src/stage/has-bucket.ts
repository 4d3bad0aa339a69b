import type { S3Client } from '@aws-sdk/client-s3';

/** @throws what S3 says when it may not be asked */
export async function hasBucket(s3: S3Client, bucket: string): Promise<boolean> {
  const { HeadBucketCommand } = await import('@aws-sdk/client-s3');
  try {
    await s3.send(new HeadBucketCommand({ Bucket: bucket }));
    return true;
  } catch (error) {
    if ((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 404) return false;
    throw error;
  }
}

/** A client for buckets of a region. */
export async function bucketsOf(region: string, config: Readonly<Record<string, unknown>> = {}): Promise<S3Client> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  return new S3Client({ ...config, region, forcePathStyle: Boolean(process.env.AWS_ENDPOINT_URL) });
}
