import { resolve } from 'node:path';
import { UserInputError } from '@cosmicai/payload';
import {
  defaultCalibration,
  frontierOf,
  pickPoint,
  tunedFields,
  type TuneOptions as TuneInputs,
} from '@cosmicai/quote';
import { frontierSvg, frontierTable, settingsOf } from '@cosmicai/report';
import { writeNamedFile } from '@cosmicai/store';
import { Command, InvalidArgumentError, Option } from 'commander';
import { decimalNumber } from '../inputs/options.ts';
import { quoteInputs, withQuoteInputs, type QuoteInputOptions } from '../inputs/quote-inputs.ts';
import { formatPairs, setIn } from '../output/table.ts';
import { formatReportTable } from '../output/tables.ts';
import { printBlock, printJson, printLine, type Terminal } from '../output/terminal.ts';

interface TuneOptions extends QuoteInputOptions {
  readonly deadline?: number;
  readonly budget?: number;
  readonly arithmetic?: 'fp32' | 'int8';
  readonly architecture?: 'x86_64' | 'arm64';
  readonly plot?: string;
  readonly out?: string;
}

export function tuneCommand(terminal: Terminal): Command {
  const command = new Command('tune')
    .description(
      'Simulates a run on AWS over world sizes, memory, processors, child types, concurrency and precision, and shows the choices that no other beats in both time and cost. Picks one for a deadline or a budget.',
    )
    .argument('[payload]', 'payload file (.json)');
  return withQuoteInputs(command)
    .option('--deadline <time>', 'pick the cheapest that takes at most so long, e.g. 60s or 5min', duration)
    .option('--budget <usd>', 'pick the fastest that costs at most so many USD', decimalNumber(0, 1e6))
    .addOption(
      new Option('--arithmetic <name>', 'without --probe and --calibrate: only models of this').choices([
        'fp32',
        'int8',
      ]),
    )
    .addOption(new Option('--architecture <name>', 'only these processors').choices(['x86_64', 'arm64']))
    .option('--plot <file>', 'write the frontier as a picture (.svg)')
    .option('-o, --out <file>', 'write the payload with the choice that was picked')
    .option('--json', 'print frontier and choice as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai tune payload.json --probe --deadline 60s -o tuned.json\n  cosmicai tune --files 130 --budget 0.05\n',
    )
    .action((file: string | undefined, options: TuneOptions) => tune(file, options, terminal));
}

async function tune(file: string | undefined, options: TuneOptions, terminal: Terminal): Promise<void> {
  const { arithmetic, architecture, deadline, budget, seed } = options;
  if (options.out !== undefined && deadline === undefined && budget === undefined)
    throw new UserInputError('--out writes the choice that was picked: say by --deadline or --budget which.');
  const inputs = await quoteInputs(file, options, terminal);
  const { given, payload, warnings, sizes, calibration, isMeasured, prices, concurrency } = inputs;
  const { source } = isMeasured ? calibration : defaultCalibration('fp32');
  const points = frontierOf({
    payload,
    sizes,
    prices,
    seed,
    concurrency,
    calibrations: isMeasured ? { measured: calibration } : calibrationsOf(arithmetic),
    ...(architecture !== undefined && { architectures: [architecture] }),
  });
  const picked =
    deadline === undefined && budget === undefined
      ? undefined
      : pickPoint(points, { deadlineSeconds: deadline, budgetUsd: budget });
  for (const warning of warnings) printLine(terminal.stderr, `Warning: ${warning}`);
  if (options.plot !== undefined)
    await writeNamedFile(resolve(terminal.cwd, options.plot), 'The picture', await frontierSvg(points, picked));
  if (options.out !== undefined && picked !== undefined)
    await writeNamedFile(
      resolve(terminal.cwd, options.out),
      'The payload',
      `${JSON.stringify(tunedFields(file === undefined ? {} : given, picked), null, 2)}\n`,
    );
  if (options.json) {
    printJson(terminal, { frontier: points, picked: picked ?? null, calibration: source, concurrency });
    return;
  }
  printBlock(terminal.stdout, formatReportTable(frontierTable(points)));
  printBlock(terminal.stdout, `\n${setIn(`Based on ${source}; int8 and what wasn’t measured by docs/costs.md`)}`);
  const { limit, source: knownBy } = concurrency;
  printBlock(terminal.stdout, setIn(`At most ${limit} ranks at once: ${knownBy}`));
  if (picked !== undefined) printBlock(terminal.stdout, `\n${formatPairs(settingsOf(picked))}`);
}

/** This project's figures in the precisions to choose from. */
function calibrationsOf(only: TuneOptions['arithmetic']): TuneInputs['calibrations'] {
  return {
    ...(only !== 'int8' && { fp32: defaultCalibration('fp32') }),
    ...(only !== 'fp32' && { int8: defaultCalibration('int8') }),
  };
}

function duration(text: string): number {
  const [, amount = '', unit = 's'] = /^(\d+(?:\.\d+)?)\s*(s|min|h)?$/.exec(text) ?? [];
  const seconds = Number(amount) * { s: 1, min: 60, h: 3600 }[unit as 's' | 'min' | 'h'];
  if (amount === '' || seconds <= 0) throw new InvalidArgumentError('Expected a time such as 60s, 5min or 1h.');
  return seconds;
}
