import type { Command } from 'commander';
import { withModelUse, type ModelUseOptions } from './model-options.ts';
import { crcOption, decimalNumber, wholeNumber, withAccessOptions, type AccessOptions } from './options.ts';

/** What the command line may say about a run, over what the payload file says. */
export interface PayloadOptions extends ModelUseOptions, AccessOptions {
  /** The payload file that they go with; heads the list of what is wrong. */
  readonly payloadFile?: string;
  readonly worldSize?: number;
  readonly batchSize?: number;
  readonly fileLimit?: number;
  /** Folder or store address of the partitions. */
  readonly data?: string;
  /** Folder or store address for the results. */
  readonly results?: string;
  readonly maxConcurrency?: number;
  readonly tolerate?: number;
  readonly maxFlagged?: number;
  /** Let the ranks meet over FMI. */
  readonly fmi?: boolean;
  /** False: read partitions without checking their CRC-32. */
  readonly crc?: boolean;
}

/** Gives a command these options: the same in every command that takes a payload, so that what is quoted can be run. */
export function withPayloadOptions(command: Command): Command {
  return withAccessOptions(withModelUse(command))
    .option('-n, --world-size <n>', 'number of ranks', wholeNumber(1, 10_000))
    .option('-b, --batch-size <n>', 'samples in one forward pass', wholeNumber(1))
    .option('--file-limit <n>', 'use at most this many partition files', wholeNumber(1))
    .option('-d, --data <folder>', 'folder or s3:// address of the partition files')
    .option(
      '-r, --results <folder>',
      'folder or s3:// address for the results; default: ./results without a payload file',
    )
    .option('--max-concurrency <n>', 'ranks that the Map may run at once', wholeNumber(1, 10_000))
    .option('--tolerate <percent>', 'percentage of ranks that may fail', decimalNumber(0, 100))
    .option(
      '--max-flagged <percent>',
      'percentage of flagged galaxies beyond which the run fails',
      decimalNumber(0, 100),
    )
    .option('--fmi', 'let the ranks meet: barrier, metrics reduced to rank 0, fmi.json')
    .addOption(crcOption());
}
