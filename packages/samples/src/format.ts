import type { ModelSpec, ColumnChoice } from '@cosmicai/payload';
import type { ByteSource } from '@cosmicai/store';
import type { PartitionPart } from '@cosmicai/torchfile';
import type { SampleSource } from './source.ts';

export interface OpenSamplesOptions {
  /** False: bytes are not compared with the sums that lie beside them. Default true. */
  readonly checkCrc?: boolean;
  /** What is taken of the samples. Default: ASTROMAE. */
  readonly spec?: ModelSpec;
  /** Which column of the file is what. Default: found by names; without names images, magnitudes and, where there is a third, the truth. */
  readonly columns?: ColumnChoice | undefined;
  /** Names of columns that are handed on as they are. */
  readonly keep?: readonly string[] | undefined;
  /** True: a folder is refused where files are missing, unexpected or can't be read. Default: it tells of them in `notes`. */
  readonly strict?: boolean | undefined;
}

export interface SplitOptions extends OpenSamplesOptions {
  readonly signal?: AbortSignal;
}

/** One file of a split; `content` is read as it is consumed, once. */
export type SamplesPart = PartitionPart;
/** A part that has been written. */
export type WrittenPart = Omit<SamplesPart, 'content'>;

/** A kind of file that samples are read from. */
export interface SampleFormat {
  /** One word, for messages: `torch`. */
  readonly name: string;
  /** What a file of it is and how it begins: `a zip made by torch.save, which begins with 504b0304`. */
  readonly signature: string;
  /** Whether a file that begins like this is of this format. No two formats may claim the same file. */
  begins(head: Uint8Array): boolean;
  /** @throws UnusableFileError when the file is damaged, or holds something else than samples */
  open(file: ByteSource, options: OpenSamplesOptions): Promise<SampleSource>;
  /**
   * Splits a file into smaller ones of the same format, bit for bit; left out by formats that can't be.
   *
   * @param targetBytes nominal size of a file
   * @param sink writes one file; the next begins when its promise is fulfilled
   * @throws UnusableFileError when the file is damaged; what was written before is then not to be used
   */
  readonly split?: (
    file: ByteSource,
    targetBytes: number,
    sink: (part: SamplesPart) => Promise<unknown>,
    options: SplitOptions,
  ) => Promise<WrittenPart[]>;
}
