/** What a machine lacks, by the system's code for it. */
const LACKS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full (ENOSPC). Free some space.',
  EDQUOT: 'the disk quota is used up (EDQUOT). Free some space.',
  EFBIG: 'the file would be larger than files may be (EFBIG). Raise the limit (ulimit -f).',
  EMFILE: 'too many files are open (EMFILE). Raise the limit (ulimit -n).',
  ENFILE: 'too many files are open (ENFILE). Raise the limit (ulimit -n).',
};

/** What it doesn't allow. */
const FORBIDS: Readonly<Record<string, string>> = {
  EROFS: 'the file system can only be read (EROFS). Name another place.',
  EACCES: 'no permission (EACCES). Check the owner and mode, or name another place.',
  EPERM: 'no permission (EPERM). Check the owner and mode, or name another place.',
};

/** Why the system refuses to work with a file, in words that end in what to do about it. */
export interface WhyRefused {
  readonly why: string;
  /** Whether the machine lacks something, so that the same work will do once it doesn't. */
  readonly lacks: boolean;
}

/** @returns undefined for codes that have nothing to do with the machine, or with permissions */
export function whyRefused(code: string | undefined): WhyRefused | undefined {
  const lacks = LACKS[code ?? ''];
  const why = lacks ?? FORBIDS[code ?? ''];
  return why === undefined ? undefined : { why, lacks: lacks !== undefined };
}
