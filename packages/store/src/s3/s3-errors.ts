import type { S3ServiceException as ServiceException } from '@aws-sdk/client-s3';
import { CosmicError } from '@cosmicai/payload';
import { AccessDeniedError, NoSuchBucketError, NotFoundError, StoreEnvironmentError, StoreError } from '../errors.ts';

/** The part of the SDK's exceptions that decides what they mean to us. */
interface Answer {
  readonly name: string;
  readonly message: string;
  /** Undefined when no answer came at all. */
  readonly status: number | undefined;
}

export function answerOf(error: unknown): Answer {
  const { name = '', message = '', $metadata } = error as Partial<ServiceException>;
  return { name, message, status: $metadata?.httpStatusCode };
}

const NO_CREDENTIALS = new Set(['CredentialsProviderError', 'TokenProviderError']);
const BAD_CREDENTIALS = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'ExpiredTokenException',
]);

/**
 * The error of the port for an error of the SDK.
 *
 * @param key undefined where the request names no key, so that a 404 can only mean the bucket
 */
export function s3Error(store: string, what: string, key: string | undefined, cause: unknown): unknown {
  if (cause instanceof CosmicError) return cause;
  const { name, message, status } = answerOf(cause);
  if (name === 'AbortError') return cause;
  if (name === 'NoSuchBucket') return new NoSuchBucketError(store, { cause });
  if (name === 'NoSuchKey' || status === 404) {
    return key === undefined ? new NoSuchBucketError(store, { cause }) : new NotFoundError(store, key, { cause });
  }
  if (NO_CREDENTIALS.has(name)) {
    const why = `No AWS credentials to ${what} in ${store}: ${message} Set AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run "aws sso login".`;
    return new AccessDeniedError(store, why, { cause });
  }
  if (BAD_CREDENTIALS.has(name)) {
    const why = `AWS refuses the credentials used to ${what} in ${store} (${name}: ${message}). Renew them.`;
    return new AccessDeniedError(store, why, { cause });
  }
  if (status === 401 || status === 403) {
    const why = `No permission to ${what} in ${store} (${name}). Check the role's policy for this bucket; without s3:ListBucket, S3 answers the same for keys that don't exist.`;
    return new AccessDeniedError(store, why, { cause });
  }
  if (/region is missing/i.test(message)) {
    return new StoreEnvironmentError(`No AWS region to ${what} in ${store}. Set AWS_REGION or a profile's region.`, {
      cause,
    });
  }
  const answer = status === undefined ? message : `${name}, HTTP ${status}: ${message}`;
  return new StoreError(store, `Could not ${what} in ${store}: ${answer || name}`, { cause });
}
