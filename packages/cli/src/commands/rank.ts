import { openFunctions, runRank, taskIndex } from '@cosmicai/array';
import { findRun } from '@cosmicai/runs';
import { folderAddress } from '@cosmicai/store';
import { Command } from 'commander';
import { resolveModel } from '../inputs/files.ts';
import {
  accessOf,
  memoryOption,
  storeOption,
  wholeNumber,
  withAccessOptions,
  withModel,
  type AccessOptions,
} from '../inputs/options.ts';
import { progress } from '../output/progress.ts';
import { describeNoticed } from '../run/describe-run.ts';
import { printBlock, printJson, type Terminal } from '../output/terminal.ts';

interface RankOptions extends AccessOptions {
  readonly manifest: string;
  readonly index?: number;
  readonly offset: number;
  readonly model?: string;
  readonly memory: number;
  readonly store?: string;
  readonly json?: boolean;
}

const DONE = {
  succeeded: 'is done',
  no_data: 'has no data',
  done_before: 'was done before: nothing was to be done',
} as const;

export function rankCommand(terminal: Terminal): Command {
  return withModel(withAccessOptions(new Command('rank')))
    .description(
      'Runs one rank of a planned run, as a task of whatever schedules it. Exit code 0: done, by this try or one before; 1: another try may help, and goes on with what this one kept; 2: none will.',
    )
    .requiredOption('--manifest <address>', 'manifest.json of the run, or the run’s folder; a path or s3:// address')
    .option(
      '-i, --index <n>',
      'place of the rank; default: AWS_BATCH_JOB_ARRAY_INDEX, JOB_COMPLETION_INDEX or SLURM_ARRAY_TASK_ID',
      wholeNumber(0),
    )
    .option('--offset <n>', 'added to the index, where a run is several arrays', wholeNumber(0), 0)
    .addOption(memoryOption())
    .addOption(storeOption())
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  cosmicai rank --manifest results/runs/20260304T050607Z-01234567 --index 3\n')
    .action((options: RankOptions) => rank(options, terminal));
}

async function rank(options: RankOptions, terminal: Terminal): Promise<void> {
  const { cwd, signal, environment } = terminal;
  const { store, memory } = options;
  const index = taskIndex(options.index, environment, options.offset);
  const folder = options.manifest.replace(/\/+manifest\.json$/, '');
  const { place } = await findRun(folderAddress(folder, cwd), cwd, { access: accessOf(options), base: store });
  await using functions = await openFunctions({ model: resolveModel(options.model, terminal), memory, store });
  const bar = progress(terminal, `Rank ${index}`);
  const outcome = await runRank({
    ...{ place, index, functions, signal },
    onProgress: ({ galaxies, opened_galaxies: opened }) => bar.update(galaxies, opened),
  }).finally(() => bar.done());
  if (options.json) printJson(terminal, outcome);
  else
    printBlock(
      terminal.stdout,
      [`Rank ${outcome.rank} ${DONE[outcome.status]}, ${outcome.samples} galaxies`, ...describeNoticed(outcome)].join(
        '\n\n',
      ),
    );
}
