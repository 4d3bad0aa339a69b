import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseRunPayload, UserInputError, type RunPayload } from '@cosmicai/payload';
import { Command } from 'commander';
import { z } from 'zod';
import {
  memoryOption,
  modelOption,
  refuseAtStage,
  stageOption,
  storeOption,
  targetOption,
  wholeNumber,
} from '../inputs/options.ts';
import { withPayloadOptions, type PayloadOptions } from '../inputs/payload-options.ts';
import type { Terminal } from '../output/terminal.ts';
import { execute } from '../run/execute.ts';
import { keptOptions } from '../run/kept-options.ts';
import { composePayload, readPayload } from '../run/payload.ts';
import { reportExecution } from '../run/report-run.ts';

interface RunOptions extends PayloadOptions {
  readonly model?: string;
  readonly memory: number;
  readonly concurrency?: number;
  readonly store?: string;
  readonly definition?: string;
  readonly functions?: string;
  readonly resume?: string;
  readonly acceptChanged?: boolean;
  readonly again?: string;
  readonly report?: boolean;
  readonly json?: boolean;
  readonly target: 'local' | 'aws';
  readonly stage: string;
  readonly attach?: string;
  readonly onlyFailed?: string | true;
}

export function runCommand(terminal: Terminal): Command {
  const command = new Command('run')
    .description(
      'Runs the deployed state machine on this machine, or with --target aws on a stage: plan, one process or function per rank, combine. Takes the same payloads.',
    )
    .argument('[payload]', 'payload file (.json), as the deployed state machine takes it');
  return withPayloadOptions(command)
    .addOption(modelOption())
    .addOption(memoryOption())
    .option('-c, --concurrency <n>', 'processes at once on this machine; default: one per core', wholeNumber(1))
    .addOption(storeOption())
    .option('--definition <file>', 'run this state machine instead (Amazon States Language, JSON or YAML)')
    .option('--functions <file>', 'which of our functions stands for which name in --definition')
    .option('--resume <folder>', 'go on with an interrupted or failed execution')
    .option(
      '--accept-changed',
      'with --resume: take partitions and a model that have changed since the start as they are now; ranks concerned run again',
    )
    .option('--again <folder>', 'start a new run with the payload and options of an earlier execution')
    .addOption(targetOption())
    .addOption(stageOption())
    .option('--attach <execution>', 'aws: follow an execution under way to its report, instead of starting one')
    .option('--only-failed [execution]', 'aws: run the failed ranks of an execution again; default: the newest failed')
    .option('--no-report', 'write no report.html')
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai run --data ./partitions --world-size 4 --batch-size 128\n  cosmicai run payload.json --store file:///data/buckets\n  cosmicai run --resume results/executions/20260304T050607Z-1a2b\n  cosmicai run --target aws --stage dev --data ./partitions --world-size 16\n',
    )
    .action(async (file: string | undefined, options: RunOptions, self: Command) => {
      if (options.target === 'aws') {
        process.exitCode = await runAtAws(file, options, self, terminal);
        return;
      }
      process.exitCode = await runHere(file, options, self, terminal);
    });
}

const LOCAL_ONLY = ['memory', 'concurrency', 'store', 'definition', 'functions', 'resume', 'acceptChanged', 'again'];

function runHere(file: string | undefined, options: RunOptions, command: Command, terminal: Terminal): Promise<number> {
  const earlier = options.resume ?? options.again;
  if (earlier === undefined) return run(file, options, terminal);
  if (options.resume !== undefined && options.again !== undefined)
    throw new UserInputError('--resume goes on with an execution, and --again starts a new run: give one of them.');
  return goOnFrom(resolve(terminal.cwd, earlier), options, command, terminal);
}

async function runAtAws(
  file: string | undefined,
  options: RunOptions,
  command: Command,
  terminal: Terminal,
): Promise<number> {
  refuseAtStage(command, LOCAL_ONLY);
  if (file !== undefined && (options.attach ?? options.onlyFailed) !== undefined)
    throw new UserInputError('--attach and --only-failed go on with an execution: they take no payload.');
  const { runOnAws } = await import('../aws/run-on-aws.ts');
  return runOnAws(file, { ...options, ...named(file) }, terminal);
}

function named(file: string | undefined): Pick<PayloadOptions, 'payloadFile'> {
  return file === undefined ? {} : { payloadFile: file };
}

async function run(file: string | undefined, options: RunOptions, terminal: Terminal): Promise<number> {
  const read = file === undefined ? {} : await readPayload(file, terminal.cwd);
  const { payload } = composePayload(read, { ...options, ...named(file) }, terminal.cwd);
  const execution = await execute({ ...options, payload }, terminal);
  return reportExecution(execution, options, terminal);
}

/**
 * Goes on with an execution, or starts a new run like it: with the options of its start, unless the command line names others,
 * more memory, say.
 */
async function goOnFrom(directory: string, options: RunOptions, command: Command, terminal: Terminal): Promise<number> {
  const { model_sha256: planned, ...started } = await earlierPayload(directory);
  // A new run takes the model as it is now.
  const payload =
    options.again !== undefined || planned === undefined ? started : { ...started, model_sha256: planned };
  const named = Object.entries(options).filter(([name]) => command.getOptionValueSource(name) === 'cli');
  const whole = { ...options, ...keptOptions(directory), ...Object.fromEntries(named) };
  const execution = await execute({ ...whole, payload }, terminal);
  return reportExecution(execution, whole, terminal);
}

const startSchema = z.object({ input: z.unknown() });

/** The payload of an execution's start, which an earlier version may have kept as its file had it. */
async function earlierPayload(directory: string): Promise<RunPayload> {
  let start: z.output<typeof startSchema>;
  try {
    start = startSchema.parse(JSON.parse(await readFile(join(directory, 'run.json'), 'utf8')));
  } catch (error) {
    throw new UserInputError(`${directory} holds no execution to go on with.`, { cause: error });
  }
  return parseRunPayload(start.input, undefined, `payload in ${join(directory, 'run.json')}`).payload;
}
