import type { Answer } from './s3-answer.ts';

/** What AWS refuses, in a sentence that ends in what to do about it, and what it lies in. */
interface Refusal {
  readonly actor: 'permission' | 'machine' | 'archive';
  readonly sentence: string;
}

const NO_CREDENTIALS = new Set(['CredentialsProviderError', 'TokenProviderError']);
const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'RequestExpired']);
const BAD_CREDENTIALS = new Set(['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidToken', 'AuthFailure']);
const WRONG_REGION = new Set([
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
]);

/** What each kind of request is called in policies, by the first word of what was asked. */
const ACTIONS: Readonly<Record<string, string>> = {
  read: 's3:GetObject',
  look: 's3:GetObject',
  write: 's3:PutObject',
  list: 's3:ListBucket',
  delete: 's3:DeleteObject',
};

/** Recognises a refusal by AWS's code and sentence, both of which stay in the message; undefined where it is none. */
export function refusal(answer: Answer, what: string, store: string, key: string | undefined): Refusal | undefined {
  const { name, message, status, region } = answer;
  const said = `(${name}: ${message})`;
  if (NO_CREDENTIALS.has(name)) {
    return permission(
      `No AWS credentials to ${what} in ${store}: ${message} Set AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run "aws sso login".`,
    );
  }
  if (EXPIRED.has(name)) {
    return permission(
      `The AWS credentials used to ${what} in ${store} have expired ${said}. Renew them: run "aws sso login", or set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN anew.`,
    );
  }
  if (BAD_CREDENTIALS.has(name))
    return permission(`AWS refuses the credentials used to ${what} in ${store} ${said}. Renew them.`);
  if (name === 'RequestTimeTooSkewed') {
    return machine(
      `AWS takes no request from a clock that is wrong: could not ${what} in ${store} ${said}. This machine says it is ${new Date().toISOString()}: set its clock, e.g. by "timedatectl set-ntp true".`,
    );
  }
  if (name === 'InvalidObjectState') {
    const bucket = store.replace(/^s3:\/\//, '');
    return {
      actor: 'archive',
      sentence: `"${key ?? ''}" in ${store} lies in an archive (Glacier) and can't be read ${said}. Restore it first: aws s3api restore-object --bucket ${bucket} --key "${key ?? ''}" --restore-request Days=7`,
    };
  }
  if (WRONG_REGION.has(name) || status === 301) {
    const remedy = region === undefined ? 'Set AWS_REGION to the region that it lies in' : `Set AWS_REGION=${region}`;
    return machine(`${store} lies in another region: could not ${what} there ${said}. ${remedy}.`);
  }
  if (name.startsWith('KMS.') || /\bkms:\w+/.test(message)) {
    const action = /\bkms:\w+/.exec(message)?.[0] ?? (what.startsWith('write') ? 'kms:GenerateDataKey' : 'kms:Decrypt');
    return permission(
      `The key that encrypts ${store} can't be used to ${what} ${said}. Ask whoever owns the KMS key to enable it and to allow ${action} for this role.`,
    );
  }
  if (/region is missing/i.test(message))
    return machine(`No AWS region to ${what} in ${store}. Set AWS_REGION or a profile's region.`);
  return status === 401 || status === 403 ? permission(denied(answer, what, store)) : undefined;
}

function denied({ name, message }: Answer, what: string, store: string): string {
  const named = /not authorized to perform: ([\w-]+:\w+)/.exec(message)?.[1];
  const [verb = ''] = what.split(' ', 1);
  const action = named ?? ACTIONS[verb] ?? 's3:*';
  const also =
    action === 's3:GetObject' ? '; without s3:ListBucket, S3 answers the same for keys that don’t exist' : '';
  return `No permission to ${what} in ${store} (${name}: ${message}). Allow ${action} in the policy of the role and of the bucket${also}.`;
}

function permission(sentence: string): Refusal {
  return { actor: 'permission', sentence };
}

function machine(sentence: string): Refusal {
  return { actor: 'machine', sentence };
}
