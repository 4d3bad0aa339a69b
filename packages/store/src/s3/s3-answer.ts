import type { S3ServiceException as ServiceException } from '@aws-sdk/client-s3';

/** The part of the SDK's exceptions that decides what they mean to us. */
export interface Answer {
  /** AWS's code, e.g. `AccessDenied`. */
  readonly name: string;
  /** AWS's own sentence. */
  readonly message: string;
  /** Undefined when no answer came at all. */
  readonly status: number | undefined;
  /** Times that the SDK asked. */
  readonly attempts: number;
  /** Region that the bucket lies in, where the answer names it. */
  readonly region: string | undefined;
}

export function answerOf(error: unknown): Answer {
  const { name = '', message = '', $metadata, $response } = (error ?? {}) as Partial<ServiceException>;
  const { 'x-amz-bucket-region': named } = $response?.headers ?? {};
  const expected = /expecting '([a-z0-9-]+)'/.exec(message)?.[1];
  const { httpStatusCode: status, attempts = 1 } = $metadata ?? {};
  return { name, message, status, attempts, region: expected ?? named };
}

/** Whether an answer has a status and no sentence, as all answers to HEAD: their bodies are left out. */
export function isMute({ status, message }: Answer): boolean {
  return status !== undefined && status !== 404 && status < 500 && /^(UnknownError)?$/.test(message);
}
