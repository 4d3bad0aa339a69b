import { executionOwner, ExecutionLockedError } from '@cosmicai/local/executions';
import { shellWord, UserInputError } from '@cosmicai/payload';
import { executionFolderOf, layoutOf, type RunPlace } from '@cosmicai/runs';
import { openStore, readableAddress, resultsLocation } from '@cosmicai/store';
import { Command } from 'commander';
import { openEngine, stageOption, targetOption, type EngineName } from '../engines.ts';
import { accessOf, withAccessOptions, type AccessOptions } from '../inputs/options.ts';
import { ask } from '../output/ask.ts';
import { EXIT } from '../output/errors.ts';
import { printJson, printLine, type Terminal } from '../output/terminal.ts';

interface CleanOptions extends AccessOptions {
  readonly target: EngineName;
  readonly stage: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function cleanCommand(terminal: Terminal): Command {
  return withAccessOptions(new Command('clean'))
    .description(
      'Deletes what a run left in its folder: plan, rank results, predictions, report. What it published beside it, for notebooks, stays. Asks first; without a terminal --yes is needed.',
    )
    .argument('<results>', 'results folder or its s3:// address; with --target aws a result_path of the stage')
    .argument('<run-id>', 'run to delete')
    .addOption(targetOption())
    .addOption(stageOption())
    .option('-y, --yes', "don't ask")
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai clean results 20260304T050607Z-01234567\n  cosmicai clean --target aws --stage dev results/small 20260304T050607Z-01234567 --yes\n',
    )
    .action(async (results: string, runId: string, options: CleanOptions, self: Command) => {
      process.exitCode = await clean(results, runId, options, self, terminal);
    });
}

async function clean(
  results: string,
  runId: string,
  options: CleanOptions,
  command: Command,
  terminal: Terminal,
): Promise<number> {
  // A run id is one part of a key: anything else could reach more than one run.
  if (!/^[\w.-]+$/.test(runId) || /^\.+$/.test(runId)) throw new UserInputError(`"${runId}" is not a run id.`);
  const engine = await openEngine(options.target, options, command, terminal);
  const located = (await engine.locate?.(results)) ?? resultsLocation(results, terminal.cwd);
  const place = { ...located, runId };
  const { bucket, resultPath } = place;
  const store = openStore(bucket, { access: accessOf(options) });
  const { folder, run } = layoutOf(place);
  if ((await store.head(run)) === undefined)
    throw new UserInputError(
      `There is no run ${runId} in ${readableAddress(bucket, resultPath)}. The runs are listed by: cosmicai status ${shellWord(readableAddress(bucket, resultPath))}`,
    );
  await refuseUnderWay(place, terminal);
  const question = `Delete ${readableAddress(bucket, folder)}/ and all that is in it? [y/N]`;
  if (options.yes !== true && !/^y(es)?$/i.test(await ask(question, terminal))) {
    printLine(terminal.stderr, 'Nothing was deleted.');
    return EXIT.failed;
  }
  const deleted = await store.deletePrefix(`${folder}/`);
  if (options.json) printJson(terminal, { run_id: runId, folder: `${bucket}/${folder}`, deleted });
  else printLine(terminal.stdout, `Deleted ${deleted} objects of ${readableAddress(bucket, folder)}/`);
  return EXIT.done;
}

/** @throws ExecutionLockedError when somebody on this machine works at the run */
async function refuseUnderWay(place: RunPlace, { cwd }: Terminal): Promise<void> {
  const execution = await executionFolderOf(place, cwd);
  const owner = execution === undefined ? undefined : executionOwner(execution);
  if (execution !== undefined && owner !== undefined) throw new ExecutionLockedError(execution, owner);
}
