import { quoteRun, runPlanOf } from '@cosmicai/quote';
import { describeProbe, quoteTable } from '@cosmicai/report';
import { Command, Option } from 'commander';
import { memoryOption } from '../inputs/options.ts';
import { quoteInputs, withQuoteInputs, type QuoteInputOptions } from '../inputs/quote-inputs.ts';
import { formatPairs, setIn } from '../output/table.ts';
import { formatReportTable } from '../output/tables.ts';
import { printBlock, printJson, printLine, type Terminal } from '../output/terminal.ts';

interface QuoteOptions extends QuoteInputOptions {
  readonly memory: number;
  readonly architecture: 'x86_64' | 'arm64';
  readonly childType: 'STANDARD' | 'EXPRESS';
}

/** Lambda's disk that costs nothing. */
const EPHEMERAL_STORAGE_MB = 512;

export function quoteCommand(terminal: Terminal): Command {
  const command = new Command('quote')
    .description(
      'Estimates ranks, requests, transitions, duration, memory and cost of a run on AWS by simulating how Lambda scales out, and warns of limits it would hit.',
    )
    .argument('[payload]', 'payload file (.json)');
  return withQuoteInputs(command)
    .addOption(memoryOption())
    .addOption(new Option('--architecture <name>', 'of the functions').choices(['x86_64', 'arm64']).default('x86_64'))
    .addOption(
      new Option('--child-type <type>', 'of the Map’s child executions')
        .choices(['STANDARD', 'EXPRESS'])
        .default('STANDARD'),
    )
    .option('--json', 'print the quote as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai quote payload.json --probe\n  cosmicai quote payload.json --calibrate results\n  cosmicai quote --files 130 --memory 3008\n  cosmicai quote --files 130 --concurrency 10\n  cosmicai quote payload.json --target aws --stage dev\n',
    )
    .action((file: string | undefined, options: QuoteOptions, self: Command) => quote(file, options, self, terminal));
}

async function quote(
  file: string | undefined,
  options: QuoteOptions,
  command: Command,
  terminal: Terminal,
): Promise<void> {
  const inputs = await quoteInputs(file, options, terminal);
  const { payload, warnings, sizes, calibration, probed, prices, stage, concurrency } = inputs;
  const { memory: memoryMb, architecture, childType } = options;
  const isNamed = (option: keyof QuoteOptions) => command.getOptionValueSource(option) === 'cli';
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
  const quoted = quoteRun(plan, calibration, { prices, seed: options.seed, concurrency });
  if (options.json) {
    for (const warning of warnings) printLine(terminal.stderr, `Warning: ${warning}`);
    printJson(terminal, { ...quoted, ...(probed !== undefined && { probe: probed }) });
    return;
  }
  if (probed !== undefined)
    printBlock(terminal.stdout, `${formatPairs(describeProbe(probed, calibration, plan.memoryMb))}\n`);
  printBlock(terminal.stdout, formatReportTable(quoteTable(quoted)));
  for (const warning of [...warnings, ...quoted.warnings])
    printBlock(terminal.stdout, `\n${setIn(`Warning: ${warning}`)}`);
}
