import { EnvironmentError, RemoteError } from '@cosmicai/payload';

const NO_CREDENTIALS =
  /credential|token.*expired|ExpiredToken|UnrecognizedClient|InvalidClientTokenId|SignatureDoesNotMatch/i;
const DENIED = /AccessDenied|NotAuthorized|UnauthorizedOperation/;

/**
 * Does something with AWS; what goes wrong becomes a sentence to the person who can mend it.
 *
 * @param doing what was attempted, e.g. `start an execution of cosmicai-dev`
 */
export async function explained<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || error.name === 'AbortError') throw error;
    if (NO_CREDENTIALS.test(`${error.name} ${error.message}`)) {
      throw new EnvironmentError(
        `AWS doesn't know who you are, so it was not possible to ${doing}: ${error.message}. Set AWS_PROFILE, run "aws sso login", or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`,
        { cause: error },
      );
    }
    if (DENIED.test(error.name)) throw new EnvironmentError(`You may not ${doing}: ${error.message}`, { cause: error });
    throw new RemoteError(`AWS did not ${doing}: ${error.name}: ${error.message}`, { cause: error });
  }
}

/** Whether AWS refused it to these credentials. */
export function isDenied(error: unknown): boolean {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return false;
  const { $metadata } = cause as { $metadata?: { httpStatusCode?: number } };
  return DENIED.test(cause.name) || $metadata?.httpStatusCode === 403;
}

/** Whether AWS said that the thing asked for doesn't exist, in any of its services' words. */
export function isMissing(error: unknown): boolean {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return (
    cause instanceof Error &&
    (/DoesNotExist|ResourceNotFound|InvalidArn/.test(cause.name) || /does not exist/i.test(cause.message))
  );
}
