import type { S3Client } from '@aws-sdk/client-s3';
import { countRequests, type StoreRequests } from '../requests.ts';

const KINDS: Readonly<Record<string, keyof StoreRequests>> = {
  GetObjectCommand: 'gets',
  HeadObjectCommand: 'heads',
  HeadBucketCommand: 'heads',
  PutObjectCommand: 'puts',
  CreateMultipartUploadCommand: 'puts',
  UploadPartCommand: 'puts',
  CompleteMultipartUploadCommand: 'puts',
  ListObjectsV2Command: 'lists',
  DeleteObjectCommand: 'deletes',
  DeleteObjectsCommand: 'deletes',
  // Taking back an upload is free, as deletions are.
  AbortMultipartUploadCommand: 'deletes',
};

/** Counts every request that a client sends: below the SDK's retries, so that each attempt is one. */
export function countRequestsOf(client: S3Client): S3Client {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        const kind = KINDS[commandName];
        if (kind !== undefined) countRequests(kind);
        return next(args);
      },
    { step: 'deserialize', name: 'countRequests', priority: 'low' },
  );
  return client;
}
