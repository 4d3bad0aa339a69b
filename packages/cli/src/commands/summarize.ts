import { openFunctions, summarizeRun } from '@cosmicai/array';
import { findRun } from '@cosmicai/runs';
import { folderAddress, readableAddress } from '@cosmicai/store';
import { shellWord } from '@cosmicai/payload';
import { Command } from 'commander';
import { resolveModel } from '../inputs/files.ts';
import { accessOf, storeOption, withAccessOptions, type AccessOptions } from '../inputs/options.ts';
import { EXIT } from '../output/errors.ts';
import { describeNoticed } from '../run/describe-run.ts';
import { formatLines, setIn } from '../output/table.ts';
import { printBlock, printJson, type Terminal } from '../output/terminal.ts';

interface SummarizeOptions extends AccessOptions {
  readonly store?: string;
  readonly json?: boolean;
}

export function summarizeCommand(terminal: Terminal): Command {
  return withAccessOptions(new Command('summarize'))
    .description(
      'Combines the ranks of a run that a scheduler of yours ran, proves what was predicted, and publishes it. Exit code 1 when more ranks failed than the payload allows; may be given again when more are done.',
    )
    .argument('<run>', 'run folder (results/runs/<run_id>), or its s3:// address')
    .addOption(storeOption())
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', '\nExample:\n  cosmicai summarize results/runs/20260304T050607Z-01234567\n')
    .action((run: string, options: SummarizeOptions) => summarize(run, options, terminal));
}

async function summarize(run: string, options: SummarizeOptions, terminal: Terminal): Promise<void> {
  const { cwd, signal } = terminal;
  const { store } = options;
  const folder = run.replace(/\/+manifest\.json$/, '');
  const { place } = await findRun(folderAddress(folder, cwd), cwd, { access: accessOf(options), base: store });
  await using functions = await openFunctions({ model: resolveModel(undefined, terminal), store });
  const { summary, error, cause } = await summarizeRun(place, functions, signal);
  const { ranks, status, run_id, samples, proof } = summary;
  if (options.json) printJson(terminal, summary);
  else
    printBlock(
      terminal.stdout,
      [
        formatLines([
          `Run ${run_id}: ${status}`,
          `Ranks ${ranks.planned} planned, ${ranks.succeeded} succeeded, ${ranks.without_data} without data, ${ranks.failed} failed`,
          `Galaxies ${samples}`,
          ...(proof === undefined ? [] : [`Proof ${proof.statement}`]),
        ]),
        ...describeNoticed(summary),
        `More of it: cosmicai report ${shellWord(readableAddress(place.bucket, `${place.resultPath}/runs/${run_id}`))}`,
      ].join('\n\n'),
    );
  if (error === null) return;
  printBlock(terminal.stderr, `${error}: ${setIn(cause ?? '')}`);
  process.exitCode = EXIT.failed;
}
