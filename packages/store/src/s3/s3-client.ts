import type { S3Client } from '@aws-sdk/client-s3';

import { countRequestsOf } from './count-requests.ts';
import { requireWholeAnswers } from './whole-answers.ts';

type Sdk = typeof import('@aws-sdk/client-s3');

export interface S3 {
  readonly client: S3Client;
  readonly sdk: Sdk;
}

/** How requests to a bucket are made. */
export interface StoreAccess {
  /** Whoever asks pays for requests and transfer, as owners of large public data want it ("requester pays"). Default: false. */
  readonly requestPayer?: boolean | undefined;
  /** False: requests are not signed, so that public buckets can be read without an account. Default: true. */
  readonly sign?: boolean | undefined;
  /** Milliseconds without a byte, either way, after which a connection is given up and what was asked is asked again. Default: 60,000. */
  readonly silenceMs?: number | undefined;
}

/** Connections through which nothing comes any more: a router has forgotten them, or whoever should answer is gone. */
const SILENCE_MS = 60_000;
const CONNECT_MS = 10_000;

const clients = new Map<string, Promise<S3>>();

/**
 * The S3 client of this process for a way of asking: its connections are shared by all buckets. Region, credentials, endpoint
 * (AWS_ENDPOINT_URL or AWS_ENDPOINT_URL_S3) and number of attempts (AWS_MAX_ATTEMPTS) come by the SDK's own default
 * chains. The SDK is loaded on first use, because it takes longer to load than a small local run takes to finish.
 */
export async function s3({ requestPayer = false, sign = true, silenceMs = SILENCE_MS }: StoreAccess = {}): Promise<S3> {
  const way = `${requestPayer ? 'requester pays' : ''} ${sign ? 'signed' : 'unsigned'} ${silenceMs}`;
  const client = clients.get(way) ?? connect({ requestPayer, sign, silenceMs });
  clients.set(way, client);
  return await client;
}

async function connect({ requestPayer, sign, silenceMs }: Required<StoreAccess>): Promise<S3> {
  const sdk = await import('@aws-sdk/client-s3');
  // An endpoint of one's own rarely has a DNS name for each bucket, so the bucket goes into the path there.
  const ownEndpoint = Boolean(process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL);
  const client = new sdk.S3Client({
    followRegionRedirects: true,
    forcePathStyle: ownEndpoint,
    // The SDK itself waits for ever.
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: silenceMs },
    ...(sign === false && {
      // Nobody's: without any, the SDK would look for some, and fail where there are none.
      credentials: { accessKeyId: '', secretAccessKey: '' },
      signer: { sign: (request) => Promise.resolve(request) },
    }),
  });
  if (requestPayer === true) payAsRequester(client);
  return { sdk, client: countRequestsOf(requireWholeAnswers(client)) };
}

/** Every request says that its sender pays: S3 refuses others where the owner wants that. */
function payAsRequester(client: S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const { request } = args as { request: { headers: Record<string, string> } };
      request.headers['x-amz-request-payer'] = 'requester';
      return next(args);
    },
    { step: 'build', name: 'payAsRequester' },
  );
}
