import { cpus } from 'node:os';
import {
  calibratedBy,
  DEFAULT_AWS_LIMITS,
  DEFAULT_CALIBRATION,
  fromRankResult,
  loadsOf,
  pricesOf,
  quoteRun,
  type Calibration,
} from '@cosmicai/metrics';
import { naturalOrder, parseJsonAs, parseRunPayload, planRanks, rankResultSchema } from '@cosmicai/payload';
import { quoteTable } from '@cosmicai/report';
import { openStore } from '@cosmicai/store';
import { partitionSize } from '@cosmicai/torchfile';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { resultsLocation } from '../inputs/files.ts';
import { decimalNumber, wholeNumber } from '../inputs/options.ts';
import { formatReportTable } from '../output/tables.ts';
import { printJson, printLine, type Terminal } from '../output/terminal.ts';
import { composePayload, readPayload, type PayloadOptions } from '../run/payload.ts';
import { RANK_MEMORY_MIB } from './run.ts';

interface QuoteOptions extends PayloadOptions {
  readonly memory: number;
  readonly architecture: 'x86_64' | 'arm64';
  readonly childType: 'STANDARD' | 'EXPRESS';
  readonly calibrate?: string;
  readonly files?: number;
  readonly fileSamples?: number;
  readonly region: string;
  readonly seed: number;
  readonly store?: string;
  readonly json?: boolean;
}

/** Lambda's disk that costs nothing. */
const EPHEMERAL_STORAGE_MB = 512;

export function quoteCommand(terminal: Terminal): Command {
  return new Command('quote')
    .summary('say what a run on AWS will take before it is started')
    .description(
      'Estimates ranks, requests, transitions, duration, memory and cost of a run on AWS by simulating how Lambda scales out, and warns of limits it would hit.',
    )
    .argument('[payload]', 'payload file (.json)')
    .option('-n, --world-size <n>', 'number of ranks', wholeNumber(1, 10_000))
    .option('-b, --batch-size <n>', 'samples in one forward pass', wholeNumber(1))
    .option('--file-limit <n>', 'use at most this many partition files', wholeNumber(1))
    .option('-d, --data <folder>', 'folder or s3:// address of the partition files')
    .option('--files <n>', 'quote for so many partition files instead of listing a bucket', wholeNumber(1))
    .option('--file-samples <n>', 'galaxies in each of --files', wholeNumber(1), 5113)
    .option('--max-concurrency <n>', 'ranks that the Map may run at once', wholeNumber(1, 10_000))
    .option('--memory <MB>', 'memory of the inference function', wholeNumber(128, 10_240), RANK_MEMORY_MIB)
    .addOption(new Option('--architecture <name>', 'of the functions').choices(['x86_64', 'arm64']).default('x86_64'))
    .addOption(
      new Option('--child-type <type>', 'of the Map’s child executions')
        .choices(['STANDARD', 'EXPRESS'])
        .default('STANDARD'),
    )
    .option('--calibrate <results>', 'take rates from an earlier run in this results folder')
    .option('--region <name>', 'AWS region for the prices', 'us-east-1')
    .option(
      '--store <address>',
      'where bare bucket names lie: s3:// or file:///folder; default: COSMICAI_STORE or s3://',
    )
    .option('--seed <n>', 'of the simulation', wholeNumber(0), 1)
    .option('--tolerate <percent>', 'percentage of ranks that may fail', decimalNumber(0, 100))
    .option('--json', 'print the quote as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai quote payload.json --calibrate results\n  cosmicai quote --files 130 --memory 3008\n',
    )
    .action((file: string | undefined, options: QuoteOptions) => quote(file, options, terminal));
}

async function quote(file: string | undefined, options: QuoteOptions, terminal: Terminal): Promise<void> {
  // With --files nothing is listed, so any bucket will do.
  const given =
    file === undefined
      ? options.files === undefined
        ? {}
        : { bucket: 'quoted' }
      : await readPayload(file, terminal.cwd);
  const { payload } = parseRunPayload(composePayload(given, options, terminal.cwd));
  const sizes =
    options.files === undefined
      ? await listSizes(payload.data_bucket, payload.data_prefix, options.store)
      : imagined(options.files, options.fileSamples ?? 1);
  const prices = pricesOf(options.region);
  const quoted = quoteRun(
    {
      ranks: loadsOf(planRanks(payload, naturalOrder(sizes.keys())), (key) => sizes.get(key) ?? 0),
      batchSize: payload.batch_size,
      memoryMb: options.memory,
      ephemeralStorageMb: EPHEMERAL_STORAGE_MB,
      architecture: options.architecture,
      maxConcurrency: payload.max_concurrency,
      fmi: payload.fmi_enabled,
      childType: options.childType,
    },
    options.calibrate === undefined ? DEFAULT_CALIBRATION : await calibration(options.calibrate, terminal),
    { prices, seed: options.seed },
  );
  if (options.json) printJson(terminal, quoted);
  else {
    printLine(terminal.stdout, formatReportTable(quoteTable(quoted)));
    for (const warning of quoted.warnings) printLine(terminal.stdout, `\nWarning: ${warning}`);
  }
}

async function listSizes(bucket: string, prefix: string, base: string | undefined): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  const folder = prefix === '' ? '' : `${prefix}/`;
  for await (const { key, size } of openStore(bucket, base === undefined ? {} : { base }).list(folder)) {
    if (key.endsWith('.pt')) sizes.set(key, size);
  }
  return sizes;
}

function imagined(files: number, samples: number): Map<string, number> {
  return new Map(Array.from({ length: files }, (_, index) => [`${index + 1}.pt`, partitionSize({ count: samples })]));
}

/** Rates of the newest run of a results folder. */
async function calibration(results: string, terminal: Terminal): Promise<Calibration> {
  const { bucket, resultPath } = resultsLocation(results, terminal.cwd);
  const key = `${resultPath}/combined_data.json`;
  const ranks = parseJsonAs(z.array(rankResultSchema), (await openStore(bucket).get(key)).toString(), key);
  const memory = ranks[0]?.memory_limit_mb;
  const onLambda = ranks.length > 0 && process.env.AWS_REGION !== undefined && memory !== null && memory !== undefined;
  return calibratedBy(ranks.map(fromRankResult), {
    base: DEFAULT_CALIBRATION,
    vcpus: onLambda ? memory / DEFAULT_AWS_LIMITS.memoryMbPerVcpu : Math.max(1, cpus().length / 2),
    source: `the ranks of ${bucket}/${key}`,
  });
}
