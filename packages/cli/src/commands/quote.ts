import { ATTEMPTS, checkFargate, memoryOfRank } from '@cosmicai/array';
import { UserInputError } from '@cosmicai/payload';
import { quoteArray, quoteRun, runPlanOf, type ArrayEngine } from '@cosmicai/quote';
import { arrayQuoteTable, describeProbe, quoteTable, type Table } from '@cosmicai/report';
import { Command, Option } from 'commander';
import { decimalNumber, memoryOption, wholeNumber } from '../inputs/options.ts';
import { quoteInputs, withQuoteInputs, type QuoteInputOptions } from '../inputs/quote-inputs.ts';
import { formatPairs, setIn } from '../output/table.ts';
import { formatReportTable } from '../output/tables.ts';
import { printBlock, printJson, printLine, type Terminal } from '../output/terminal.ts';

interface QuoteOptions extends QuoteInputOptions {
  readonly memory: number;
  readonly architecture: 'x86_64' | 'arm64';
  readonly childType: 'STANDARD' | 'EXPRESS';
  readonly engine: 'lambda' | ArrayEngine['name'];
  readonly cpus?: number;
  readonly capacity?: 'spot' | 'on-demand';
  readonly startSeconds?: number;
  readonly coreHourUsd?: number;
}

/** Options that only some engines have. */
const ONLY_OF: Readonly<Partial<Record<keyof QuoteOptions, readonly QuoteOptions['engine'][]>>> = {
  target: ['lambda'],
  stage: ['lambda'],
  concurrency: ['lambda'],
  childType: ['lambda'],
  cpus: ['batch', 'kubernetes', 'slurm'],
  startSeconds: ['batch', 'kubernetes', 'slurm'],
  capacity: ['batch'],
  coreHourUsd: ['kubernetes', 'slurm'],
};

/** As array writes them by default. */
const LARGEST_TASK_MB = 122_880;
const TASK = { cpus: 2, memoryMb: 4096 };
/** Of a container, whose image is fetched; nobody has measured it. */
const CONTAINER_START_SECONDS = 30;

/** Lambda's disk that costs nothing. */
const EPHEMERAL_STORAGE_MB = 512;

export function quoteCommand(terminal: Terminal): Command {
  const command = new Command('quote')
    .description(
      'Estimates ranks, requests, transitions, duration, memory and cost of a run on AWS by simulating how Lambda scales out, and warns of limits it would hit.',
    )
    .argument('[payload]', 'payload file (.json)');
  return withQuoteInputs(command)
    .addOption(memoryOption(LARGEST_TASK_MB))
    .addOption(new Option('--architecture <name>', 'of the functions').choices(['x86_64', 'arm64']).default('x86_64'))
    .addOption(
      new Option('--child-type <type>', 'of the Map’s child executions')
        .choices(['STANDARD', 'EXPRESS'])
        .default('STANDARD'),
    )
    .addOption(
      new Option('--engine <name>', 'what starts the ranks: Step Functions and Lambda, or an array of tasks')
        .choices(['lambda', 'batch', 'kubernetes', 'slurm'])
        .default('lambda'),
    )
    .option(
      '--cpus <n>',
      `of arrays: cores of a task; default: ${TASK.cpus} (and ${TASK.memoryMb} MB of --memory)`,
      wholeNumber(1),
    )
    .option(
      '--start-seconds <s>',
      `of arrays: from a task’s turn until its program starts; default: ${CONTAINER_START_SECONDS} in containers, 0 on slurm`,
      decimalNumber(0, 3600),
    )
    .addOption(
      new Option('--capacity <kind>', 'of batch: what is paid for; default: spot').choices(['spot', 'on-demand']),
    )
    .option('--core-hour-usd <usd>', 'of kubernetes and slurm: what a core costs for an hour', decimalNumber(0, 1000))
    .option('--json', 'print the quote as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai quote payload.json --probe\n  cosmicai quote payload.json --calibrate results\n  cosmicai quote --files 130 --memory 3008\n  cosmicai quote --files 130 --concurrency 10\n  cosmicai quote payload.json --target aws --stage dev\n  cosmicai quote --files 130 --engine batch --cpus 1 --memory 2048\n',
    )
    .action((file: string | undefined, options: QuoteOptions, self: Command) => quote(file, options, self, terminal));
}

async function quote(
  file: string | undefined,
  options: QuoteOptions,
  command: Command,
  terminal: Terminal,
): Promise<void> {
  const isNamed = (option: keyof QuoteOptions) => command.getOptionValueSource(option) === 'cli';
  refuseForeign(command, options.engine);
  const engine = options.engine === 'lambda' ? undefined : arrayEngine(options.engine, options, isNamed('memory'));
  const inputs = await quoteInputs(file, options, terminal);
  const { payload, warnings, sizes, calibration, probed, prices, stage, concurrency } = inputs;
  const { memory: memoryMb, architecture, childType, seed } = options;
  const plan = runPlanOf(payload, sizes, {
    memoryMb,
    ephemeralStorageMb: EPHEMERAL_STORAGE_MB,
    architecture,
    childType,
    ...stage?.rankFunction,
    ...(isNamed('memory') && { memoryMb }),
    ...(isNamed('architecture') && { architecture }),
    ...(isNamed('childType') && { childType }),
  });
  const { quoted, table } =
    engine === undefined
      ? told(quoteRun(plan, calibration, { prices, seed, concurrency }), quoteTable)
      : told(quoteArray(plan, calibration, engine, { prices, seed }), arrayQuoteTable);
  if (options.json) {
    for (const warning of warnings) printLine(terminal.stderr, `Warning: ${warning}`);
    printJson(terminal, { ...quoted, ...(probed !== undefined && { probe: probed }) });
    return;
  }
  if (probed !== undefined)
    printBlock(terminal.stdout, `${formatPairs(describeProbe(probed, calibration, plan.memoryMb))}\n`);
  printBlock(terminal.stdout, formatReportTable(table));
  for (const warning of [...warnings, ...quoted.warnings])
    printBlock(terminal.stdout, `\n${setIn(`Warning: ${warning}`)}`);
}

function told<Of>(quoted: Of, tableOf: (quoted: Of) => Table): { readonly quoted: Of; readonly table: Table } {
  return { quoted, table: tableOf(quoted) };
}

/** @throws UserInputError for an option that is of other engines */
function refuseForeign(command: Command, engine: QuoteOptions['engine']): void {
  for (const option of command.options) {
    const engines = ONLY_OF[option.attributeName() as keyof QuoteOptions];
    if (engines === undefined || engines.includes(engine)) continue;
    if (command.getOptionValueSource(option.attributeName()) === 'cli')
      throw new UserInputError(
        `${option.long ?? ''} is of --engine ${engines.join(', ')}, not of ${engine}: leave it out.`,
      );
  }
}

/** @throws UserInputError when Fargate has no such task */
function arrayEngine(
  name: ArrayEngine['name'],
  { cpus = TASK.cpus, memory, startSeconds, capacity = 'spot', coreHourUsd }: QuoteOptions,
  isMemoryNamed: boolean,
): ArrayEngine {
  const memoryMb = isMemoryNamed ? memory : TASK.memoryMb;
  if (name === 'batch') checkFargate({ cpus, memory: memoryMb });
  return {
    name,
    cpus,
    memoryMb,
    rankMemoryMb: memoryOfRank({ memory: memoryMb }),
    attempts: ATTEMPTS,
    startSeconds: startSeconds ?? (name === 'slurm' ? 0 : CONTAINER_START_SECONDS),
    capacity,
    coreHourUsd,
  };
}
