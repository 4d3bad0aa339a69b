import { fileURLToPath } from 'node:url';
import { matching } from './fields.ts';

/** A bucket, or a folder of this machine that stands for one. */
export const bucket = matching(
  isBucket,
  'a bucket name (letters, digits, dots, hyphens; 2 to 63 characters), s3:// and such a name, or the file:/// address of a folder',
);

/** Key or folder of a bucket, without slashes at its ends. */
export const objectPath = matching(
  (value) => isPath(value) && withoutEnds(value) !== '',
  'a path of 1 to 900 bytes without "." or ".." as a folder and without control characters',
).transform(withoutEnds);

/** As `objectPath`, or the whole bucket: `""` or `/`. */
export const folder = matching(
  (value) => isPath(value),
  'a folder of the bucket, in 900 bytes at most, without "." and ".." and control characters, or ""',
).transform(withoutEnds);

/** By its form: which kinds of stores there are, who opens one knows. */
function isBucket(value: string): boolean {
  if (value.startsWith('file:///')) return isLocalFolder(value);
  return /^((?!file:)[a-z][a-z0-9]*:\/\/)?[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/.test(
    value.replace(/^([a-z0-9]+:\/\/[^/]+)\/$/, '$1'),
  );
}

function isLocalFolder(address: string): boolean {
  try {
    return !CONTROL.test(fileURLToPath(address));
  } catch {
    // An escaped slash, or an escape that is none.
    return false;
  }
}

/** No key should hold them: terminals and listings obey them. */
const CONTROL = /\p{Cc}/u;
/** S3 allows 1,024 bytes; the rest is for what a run adds. */
const LONGEST_PATH_BYTES = 900;

function isPath(value: string): boolean {
  return (
    Buffer.byteLength(value) <= LONGEST_PATH_BYTES &&
    value.isWellFormed() &&
    !CONTROL.test(value) &&
    !value.split('/').some((part) => part === '.' || part === '..')
  );
}

function withoutEnds(path: string): string {
  return path.replace(/^\/+|\/+$/g, '');
}
