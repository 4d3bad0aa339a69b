import { readPayload, type Engine, type PayloadChanges } from '@cosmicai/engine';
import { UserInputError } from '@cosmicai/payload';
import { Command } from 'commander';
import { openEngine, stageOption, targetOption, type EngineName, type EngineOptions } from '../engines.ts';
import { decimalNumber, memoryOption, withModel, storeOption, wholeNumber } from '../inputs/options.ts';
import { withPayloadOptions } from '../inputs/payload-options.ts';
import { EXIT } from '../output/errors.ts';
import type { Terminal } from '../output/terminal.ts';
import { reportExecution } from '../run/report-run.ts';
import { watchRun } from '../run/watch-run.ts';

interface RunOptions extends PayloadChanges, EngineOptions {
  readonly target: EngineName;
  readonly model?: string;
  readonly resume?: string;
  readonly acceptChanged?: boolean;
  readonly again?: string;
  readonly attach?: string;
  readonly onlyFailed?: string | true;
  readonly maxCost?: number;
  readonly report?: boolean;
  readonly json?: boolean;
}

export function runCommand(terminal: Terminal): Command {
  const command = new Command('run')
    .description(
      'Runs the deployed state machine on this machine, or with --target aws on a stage: plan, one process or function per rank, combine. Takes the same payloads.',
    )
    .argument('[payload]', 'payload file (.json), as the deployed state machine takes it');
  return withModel(withPayloadOptions(command))
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
    .option('--attach <execution>', 'follow an execution under way to its report, instead of starting one')
    .option('--only-failed [execution]', 'aws: run the failed ranks of an execution again; default: the newest failed')
    .option(
      '--max-cost <usd>',
      'aws: start nothing that may cost more by the upper end of its quote; a run on this machine has no bill',
      decimalNumber(0, 1e6),
    )
    .option('--no-report', 'write no report.html')
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai run --data ./partitions --world-size 4 --batch-size 128\n  cosmicai run payload.json --store file:///data/buckets\n  cosmicai run --resume results/executions/20260304T050607Z-1a2b\n  cosmicai run --target aws --stage dev --data ./partitions --world-size 16\n',
    )
    .action(async (file: string | undefined, options: RunOptions, self: Command) => {
      process.exitCode = await run(file, options, self, terminal);
    });
}

async function run(
  file: string | undefined,
  options: RunOptions,
  command: Command,
  terminal: Terminal,
): Promise<number> {
  refuseTwoWays(file, options);
  const engine = await openEngine(options.target, options, command, terminal);
  const execution = await begin(engine, file, options, terminal);
  const outcome = await watchRun(engine, execution, terminal, options.attach === undefined);
  if (outcome === undefined) return EXIT.interrupted;
  return reportExecution(outcome, engine.commands(execution), options, terminal);
}

/** Ways to come to an execution, other than to start one from a payload. */
const WAYS = { resume: '--resume', again: '--again', attach: '--attach', onlyFailed: '--only-failed' } as const;

function refuseTwoWays(file: string | undefined, options: RunOptions): void {
  const given = (Object.keys(WAYS) as (keyof typeof WAYS)[]).filter((way) => options[way] !== undefined);
  const [one, other] = given.map((way) => WAYS[way]);
  if (other !== undefined) throw new UserInputError(`${one} and ${other} name two executions: give one of them.`);
  if (file !== undefined && one !== undefined)
    throw new UserInputError(`${one} is about an earlier execution: it takes no payload.`);
  if (options.maxCost !== undefined && one !== undefined && one !== WAYS.again)
    throw new UserInputError(`--max-cost is about a run that is yet to be planned: it doesn't go with ${one}.`);
  if (options.acceptChanged === true && options.resume === undefined)
    throw new UserInputError('--accept-changed is about an execution that goes on: give --resume, too.');
}

/** Starts an execution, or goes on with one; answers its name. */
async function begin(
  engine: Engine,
  file: string | undefined,
  options: RunOptions,
  terminal: Terminal,
): Promise<string> {
  const { attach, onlyFailed, resume, again: like, model, acceptChanged, maxCost } = options;
  if (attach !== undefined) return attach;
  if (resume !== undefined) return engine.resume(resume, { model, acceptChanged });
  if (onlyFailed !== undefined) return engine.resume(onlyFailed === true ? undefined : onlyFailed);
  const fields = file === undefined ? {} : await readPayload(file, terminal.cwd);
  return engine.start({ fields, changes: { ...options, payloadFile: file }, model, like, maxCostUsd: maxCost });
}
