import { CosmicError } from '@cosmicai/payload';
import {
  AccessDeniedError,
  ArchivedError,
  NoSuchBucketError,
  NotFoundError,
  StoreEnvironmentError,
  StoreError,
} from '../errors.ts';
import { refusal } from './refusals.ts';
import { answerOf } from './s3-answer.ts';

/**
 * The error of the port for an error of the SDK.
 *
 * @param what was asked: `read "key"`, `list "prefix"`
 * @param key undefined where the request names no key, so that a 404 can only mean the bucket
 */
export function s3Error(store: string, what: string, key: string | undefined, cause: unknown): unknown {
  if (cause instanceof CosmicError) return cause;
  const answer = answerOf(cause);
  const { name, message, status } = answer;
  if (name === 'AbortError') return cause;
  if (name === 'NoSuchBucket') return new NoSuchBucketError(store, { cause });
  if (name === 'NoSuchKey' || status === 404) {
    return key === undefined ? new NoSuchBucketError(store, { cause }) : new NotFoundError(store, key, { cause });
  }
  const found = refusal(answer, what, store, key);
  switch (found?.actor) {
    case 'archive':
      return new ArchivedError(store, key ?? '', found.sentence, { cause });
    case 'machine':
      return new StoreEnvironmentError(found.sentence, { cause });
    case 'permission':
      return new AccessDeniedError(store, found.sentence, { cause });
    default:
  }
  const said = status === undefined ? message : `${name}, HTTP ${status}: ${message}`;
  return new StoreError(store, `Could not ${what} in ${store}: ${said || name}`, { cause });
}
