import { resolve } from 'node:path';
import type { QuotedStage } from '@cosmicai/aws';
import { calibrationOfProbe, probe, type Probe } from '@cosmicai/bench/probe';
import { composePayload, readPayload, type PayloadChanges } from '@cosmicai/engine';
import { probeProcess } from '@cosmicai/local';
import { pricesOf, pricesSchema, type Prices } from '@cosmicai/metrics';
import { MAX_CONCURRENCY, naturalOrder, type RunPayload } from '@cosmicai/payload';
import { givenOrAssumed, partitionSizes, type Calibration, type Concurrency } from '@cosmicai/quote';
import { calibrationOfModel, calibrationOfRun } from '@cosmicai/runs/gather';
import { addressWithin, dataAccess, openStore, type StoreAccess } from '@cosmicai/store';
import { partitionSize } from '@cosmicai/torchfile';
import { Option, type Command } from 'commander';
import { printLine, type Terminal } from '../output/terminal.ts';
import { resolveModel } from './files.ts';
import { readJson } from './json-file.ts';
import { accessOf, pricesOption, storeOption, wholeNumber, withDemoPrecision } from './options.ts';
import { withPayloadOptions } from './payload-options.ts';

/** What commands take that say beforehand what a run on AWS will need. */
export interface QuoteInputOptions extends PayloadChanges {
  readonly calibrate?: string;
  readonly probe?: boolean;
  readonly model?: string;
  readonly files?: number;
  readonly fileSamples: number;
  readonly target?: 'aws';
  readonly stage?: string;
  readonly concurrency?: number;
  readonly region?: string;
  readonly prices?: string;
  readonly seed: number;
  readonly store?: string;
  readonly json?: boolean;
}

export function withQuoteInputs(command: Command): Command {
  return withPayloadOptions(withDemoPrecision(command))
    .option('--files <n>', 'quote for so many partition files instead of listing a bucket', wholeNumber(1))
    .option('--file-samples <n>', 'galaxies in each of --files', wholeNumber(1), 5113)
    .option('--calibrate <results>', 'take rates and memory from an earlier run in this results folder')
    .addOption(
      new Option('--probe', 'measure rates and memory now, by a few seconds’ work on this machine').conflicts(
        'calibrate',
      ),
    )
    .option('-m, --model <file>', 'ONNX model that is tried or quoted; default: that of the payload, or the demo model')
    .addOption(new Option('--target <engine>', 'where the run is to be').choices(['aws']))
    .option(
      '-s, --stage <stage>',
      'take the functions’ sizes and the region of this stage, deployed or not; with --target aws alone: dev',
    )
    .option(
      '--concurrency <n>',
      'functions that run at once for the ranks; default: what AWS tells of --stage, else 1000, the default of AWS',
      wholeNumber(1, MAX_CONCURRENCY),
    )
    .option('--region <name>', 'AWS region for the prices; default: that of --stage, else us-east-1')
    .addOption(pricesOption())
    .addOption(storeOption())
    .option('--seed <n>', 'of the simulation', wholeNumber(0), 1);
}

export interface QuoteInputs {
  /** Fields of the payload file. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly payload: RunPayload;
  readonly warnings: readonly string[];
  readonly sizes: ReadonlyMap<string, number>;
  readonly calibration: Calibration;
  /** Whether rates are measured, and so of one model; else they are this project's figures. */
  readonly isMeasured: boolean;
  readonly probed: Probe | undefined;
  readonly prices: Prices;
  /** Undefined: none is named. */
  readonly stage: QuotedStage | undefined;
  readonly concurrency: Concurrency;
}

/** Reads payload, partitions, prices and calibration as the options say. */
export async function quoteInputs(
  file: string | undefined,
  options: QuoteInputOptions,
  terminal: Terminal,
): Promise<QuoteInputs> {
  const stage = await stageNamed(options);
  const { region = stage?.region } = options;
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
  const probed = options.probe === true ? await probeFor(payload, sizes, options, terminal) : undefined;
  const calibration =
    probed === undefined
      ? options.calibrate === undefined
        ? await calibrationOfModel(payload, {
            chosen: options.model === undefined ? undefined : resolveModel(options.model, terminal),
            byDefault: resolveModel(undefined, terminal),
            openStore: (address) => storeOf(address, options),
          })
        : await calibrationOfRun(options.calibrate, terminal.cwd, accessOf(options))
      : calibrationOfProbe(probed);
  const prices =
    options.prices === undefined
      ? pricesOf(region)
      : await readJson(resolve(terminal.cwd, options.prices), pricesSchema);
  const isMeasured = probed !== undefined || options.calibrate !== undefined;
  const concurrency = stage?.concurrency ?? givenOrAssumed(options.concurrency);
  return { given, payload, warnings, sizes, calibration, isMeasured, probed, prices, stage, concurrency };
}

async function stageNamed({ target, stage, concurrency }: QuoteInputOptions): Promise<QuotedStage | undefined> {
  const name = stage ?? (target === undefined ? undefined : 'dev');
  if (name === undefined) return undefined;
  return await (await import('@cosmicai/aws')).quotedStage(name, concurrency);
}

/** Tries the payload's model on the first of its partitions, or on simulated galaxies where there is none to be read. */
function probeFor(
  payload: RunPayload,
  sizes: ReadonlyMap<string, number>,
  options: QuoteInputOptions,
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
    ...(options.model !== undefined && { model: resolveModel(options.model, terminal) }),
    ...(key !== undefined && { storedModel: { store: storeOf(modelBucket, options), key } }),
    openProcess: (model, folder) => probeProcess(model ?? resolveModel(undefined, terminal), folder, terminal.signal),
    signal: terminal.signal,
  });
}

function storeOf(bucket: string, { store: base }: QuoteInputOptions, access: StoreAccess = {}) {
  return openStore(bucket, { access, ...(base !== undefined && { base }) });
}

function imagined(files: number, samples: number): Map<string, number> {
  // Worked out once: it writes a file's headers, which for a million files are 25 s.
  const size = partitionSize({ count: samples });
  return new Map(Array.from({ length: files }, (_, index) => [`${index + 1}.pt`, size]));
}
