import { UserInputError } from '@cosmicai/payload';

/**
 * A torch file that can't be used. Names the file and, where one place is to blame, the byte offset in it, so that the
 * same file needn't be searched by hand.
 */
export class TorchFileError extends UserInputError {
  readonly file: string;
  /** Byte offset in the file; undefined when no single place is to blame. */
  readonly offset: number | undefined;

  constructor(file: string, offset: number | undefined, problem: string, options?: ErrorOptions) {
    super(`${file}${offset === undefined ? '' : `, byte ${offset}`}: ${problem}`, options);
    this.file = file;
    this.offset = offset;
  }
}

/** The bytes contradict the format: damaged, truncated, or made to harm. */
export class MalformedTorchFileError extends TorchFileError {}

/** A sound file of a kind this reader does not read. The message says how to convert it. */
export class UnsupportedTorchFileError extends TorchFileError {}

/** Reading on would take more memory or time than the limits allow. */
export class TorchFileLimitError extends TorchFileError {
  readonly limit: string;

  constructor(file: string, offset: number | undefined, limit: string, allowed: number, problem: string) {
    super(file, offset, `${problem}; the limit ${limit} is ${allowed}. Raise it if you trust the file`);
    this.limit = limit;
  }
}
