import { DEFAULT_BATCH_SIZE, MAX_CONCURRENCY, MAX_WORLD_SIZE } from '@cosmicai/payload';
import type { Command } from 'commander';
import { withModelUse } from './model-options.ts';
import { columnsOption, crcOption, keepOption, decimalNumber, wholeNumber, withAccessOptions } from './options.ts';

/** Gives a command the options of PayloadChanges: the same in every command that takes a payload, so that what is quoted can be run. */
export function withPayloadOptions(command: Command): Command {
  return withAccessOptions(withModelUse(command))
    .option(
      '-n, --world-size <n>',
      'number of ranks; default: one for each partition file',
      wholeNumber(1, MAX_WORLD_SIZE),
    )
    .option('-b, --batch-size <n>', `samples in one forward pass; default: ${DEFAULT_BATCH_SIZE}`, wholeNumber(1))
    .option('--file-limit <n>', 'use at most this many partition files', wholeNumber(1))
    .option('-d, --data <folder>', 'folder or s3:// address of the partition files')
    .option(
      '-r, --results <folder>',
      'folder or s3:// address for the results; default: ./results without a payload file',
    )
    .option('--max-concurrency <n>', 'ranks that the Map may run at once', wholeNumber(1, MAX_CONCURRENCY))
    .option('--tolerate <percent>', 'percentage of ranks that may fail; default: 0', decimalNumber(0, 100))
    .option(
      '--max-flagged <percent>',
      'percentage of flagged galaxies beyond which the run fails; default: 100',
      decimalNumber(0, 100),
    )
    .addOption(columnsOption())
    .addOption(keepOption())
    .option('--fmi', 'let the ranks meet: barrier, metrics reduced to rank 0, fmi.json')
    .addOption(crcOption());
}
