import type { S3Client } from '@aws-sdk/client-s3';

import { countRequestsOf } from './count-requests.ts';

type Sdk = typeof import('@aws-sdk/client-s3');

export interface S3 {
  readonly client: S3Client;
  readonly sdk: Sdk;
}

let shared: Promise<S3> | undefined;

/**
 * The one S3 client of this process: its connections are shared by all buckets. Region, credentials, endpoint
 * (AWS_ENDPOINT_URL or AWS_ENDPOINT_URL_S3) and number of attempts (AWS_MAX_ATTEMPTS) come by the SDK's own default
 * chains. The SDK is loaded on first use, because it takes longer to load than a small local run takes to finish.
 */
export async function s3(): Promise<S3> {
  shared ??= connect();
  return await shared;
}

async function connect(): Promise<S3> {
  const sdk = await import('@aws-sdk/client-s3');
  // An endpoint of one's own rarely has a DNS name for each bucket, so the bucket goes into the path there.
  const ownEndpoint = Boolean(process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL);
  const client = new sdk.S3Client({ followRegionRedirects: true, forcePathStyle: ownEndpoint });
  return { sdk, client: countRequestsOf(client) };
}
