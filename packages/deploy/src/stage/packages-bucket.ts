import { bucketsOf, hasBucket } from './has-bucket.ts';

/** Makes the bucket for packages that the stage names, when it isn't there. */
export async function ensurePackagesBucket(bucket: string, region: string): Promise<void> {
  const { CreateBucketCommand, PutPublicAccessBlockCommand } = await import('@aws-sdk/client-s3');
  const s3 = await bucketsOf(region);
  if (await hasBucket(s3, bucket)) return;
  // S3 refuses us-east-1 as a constraint: it is what no constraint means.
  const place =
    region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint: region as 'eu-west-1' } };
  await s3.send(new CreateBucketCommand({ Bucket: bucket, ...place }));
  await s3.send(
    new PutPublicAccessBlockCommand({
      Bucket: bucket,
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    }),
  );
}
