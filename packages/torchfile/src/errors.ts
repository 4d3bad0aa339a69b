import { UnusableFileError } from '@cosmicai/payload';

/** A torch file that can't be used. */
export class TorchFileError extends UnusableFileError {}

/** The bytes contradict the format: damaged, truncated, or made to harm. */
export class MalformedTorchFileError extends TorchFileError {}

/** A sound file of a kind this reader does not read. The message says how to convert it. */
export class UnsupportedTorchFileError extends TorchFileError {}

/** Reading on would take more memory or time than the limits allow. */
export class TorchFileLimitError extends TorchFileError {
  readonly limit: string;

  constructor(file: string, offset: number | undefined, limit: string, allowed: number, problem: string) {
    super(file, offset, `${problem}; the limit ${limit} is ${allowed}; a program that trusts the file may raise it`);
    this.limit = limit;
  }
}
