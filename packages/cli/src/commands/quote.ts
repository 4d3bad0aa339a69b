import { resolveModel } from '../inputs/files.ts';
import { probeProcess } from '@cosmicai/local';
import { resolve } from 'node:path';
import { calibrationOfProbe, probe, type Probe } from '@cosmicai/bench/probe';
import { composePayload, readPayload, type PayloadChanges } from '@cosmicai/engine';
import { pricesOf, pricesSchema } from '@cosmicai/metrics';
import { DEFAULT_CALIBRATION, quoteRun, partitionSizes, runPlanOf } from '@cosmicai/quote';
import { naturalOrder, type RunPayload } from '@cosmicai/payload';
import { describeProbe, quoteTable } from '@cosmicai/report';
import { calibrationOfRun } from '@cosmicai/runs/gather';
import { addressWithin, dataAccess, openStore, type StoreAccess } from '@cosmicai/store';
import { partitionSize } from '@cosmicai/torchfile';
import { Command, Option } from 'commander';
import { readJson } from '../inputs/json-file.ts';
import {
  accessOf,
  memoryOption,
  pricesOption,
  storeOption,
  wholeNumber,
  withDemoPrecision,
} from '../inputs/options.ts';
import { withPayloadOptions } from '../inputs/payload-options.ts';
import { formatPairs, setIn } from '../output/table.ts';
import { formatReportTable } from '../output/tables.ts';
import { printBlock, printJson, printLine, type Terminal } from '../output/terminal.ts';

interface QuoteOptions extends PayloadChanges {
  readonly memory: number;
  readonly architecture: 'x86_64' | 'arm64';
  readonly childType: 'STANDARD' | 'EXPRESS';
  readonly calibrate?: string;
  readonly probe?: boolean;
  readonly model?: string;
  readonly files?: number;
  readonly fileSamples: number;
  readonly region: string;
  readonly prices?: string;
  readonly seed: number;
  readonly store?: string;
  readonly json?: boolean;
}

/** Lambda's disk that costs nothing. */
const EPHEMERAL_STORAGE_MB = 512;

export function quoteCommand(terminal: Terminal): Command {
  const command = withDemoPrecision(new Command('quote'))
    .description(
      'Estimates ranks, requests, transitions, duration, memory and cost of a run on AWS by simulating how Lambda scales out, and warns of limits it would hit.',
    )
    .argument('[payload]', 'payload file (.json)');
  return withPayloadOptions(command)
    .option('--files <n>', 'quote for so many partition files instead of listing a bucket', wholeNumber(1))
    .option('--file-samples <n>', 'galaxies in each of --files', wholeNumber(1), 5113)
    .addOption(memoryOption())
    .addOption(new Option('--architecture <name>', 'of the functions').choices(['x86_64', 'arm64']).default('x86_64'))
    .addOption(
      new Option('--child-type <type>', 'of the Map’s child executions')
        .choices(['STANDARD', 'EXPRESS'])
        .default('STANDARD'),
    )
    .option('--calibrate <results>', 'take rates and memory from an earlier run in this results folder')
    .addOption(
      new Option('--probe', 'measure rates and memory now, by a few seconds’ work on this machine').conflicts(
        'calibrate',
      ),
    )
    .option('-m, --model <file>', 'ONNX model of --probe; default: that of the payload, or the demo model')
    .option('--region <name>', 'AWS region for the prices', 'us-east-1')
    .addOption(pricesOption())
    .addOption(storeOption())
    .option('--seed <n>', 'of the simulation', wholeNumber(0), 1)
    .option('--json', 'print the quote as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai quote payload.json --probe\n  cosmicai quote payload.json --calibrate results\n  cosmicai quote --files 130 --memory 3008\n',
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
  const { payload, warnings } = composePayload(
    given,
    { ...options, ...(file !== undefined && { payloadFile: file }) },
    terminal.cwd,
  );
  const data = storeOf(payload.data_bucket, options, dataAccess(payload));
  const sizes =
    options.files === undefined
      ? await partitionSizes(data, payload.data_prefix)
      : imagined(options.files, options.fileSamples);
  const { memory: memoryMb, architecture, childType } = options;
  const plan = runPlanOf(payload, sizes, {
    memoryMb,
    ephemeralStorageMb: EPHEMERAL_STORAGE_MB,
    architecture,
    childType,
  });
  const probed = options.probe === true ? await probeFor(payload, sizes, options, terminal) : undefined;
  const calibration =
    probed === undefined
      ? options.calibrate === undefined
        ? DEFAULT_CALIBRATION
        : await calibrationOfRun(options.calibrate, terminal.cwd, accessOf(options))
      : calibrationOfProbe(probed);
  const prices =
    options.prices === undefined
      ? pricesOf(options.region)
      : await readJson(resolve(terminal.cwd, options.prices), pricesSchema);
  const quoted = quoteRun(plan, calibration, { prices, seed: options.seed });
  if (options.json) {
    for (const warning of warnings) printLine(terminal.stderr, `Warning: ${warning}`);
    printJson(terminal, { ...quoted, ...(probed !== undefined && { probe: probed }) });
    return;
  }
  if (probed !== undefined)
    printBlock(terminal.stdout, `${formatPairs(describeProbe(probed, calibration, memoryMb))}\n`);
  printBlock(terminal.stdout, formatReportTable(quoteTable(quoted)));
  for (const warning of [...warnings, ...quoted.warnings])
    printBlock(terminal.stdout, `\n${setIn(`Warning: ${warning}`)}`);
}

/** Tries the payload's model on the first of its partitions, or on simulated galaxies where there is none to be read. */
function probeFor(
  payload: RunPayload,
  sizes: ReadonlyMap<string, number>,
  options: QuoteOptions,
  terminal: Terminal,
): Promise<Probe> {
  const { model: named, bucket, data_bucket: dataBucket, batch_size: batchSize } = payload;
  const [first] = naturalOrder(sizes.keys());
  const { store: modelBucket, key } =
    named === undefined ? { store: bucket, key: named } : addressWithin(bucket, named);
  printLine(terminal.stderr, 'Probing: one process at work on this machine for some seconds');
  return probe({
    batchSize,
    partition:
      options.files === undefined && first !== undefined
        ? { store: storeOf(dataBucket, options, dataAccess(payload)), key: first, columns: payload.columns }
        : undefined,
    ...(options.model !== undefined && { model: options.model }),
    ...(key !== undefined && { storedModel: { store: storeOf(modelBucket, options), key } }),
    openProcess: (model, folder) => probeProcess(resolveModel(model, terminal), folder, terminal.signal),
    signal: terminal.signal,
  });
}

function storeOf(bucket: string, { store: base }: QuoteOptions, access: StoreAccess = {}) {
  return openStore(bucket, { access, ...(base !== undefined && { base }) });
}

function imagined(files: number, samples: number): Map<string, number> {
  return new Map(Array.from({ length: files }, (_, index) => [`${index + 1}.pt`, partitionSize({ count: samples })]));
}
