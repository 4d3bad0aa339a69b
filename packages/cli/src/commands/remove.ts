import { Command } from 'commander';
import { ask } from '../output/ask.ts';
import { EXIT } from '../output/errors.ts';
import { printJson, printLine, type Terminal } from '../output/terminal.ts';

interface RemoveOptions {
  readonly keepBucket?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function removeCommand(terminal: Terminal): Command {
  return new Command('remove')
    .description(
      'Removes what deploy made, after asking; without a terminal --yes is needed. With the bucket go all data, models and results in it, in every version.',
    )
    .argument('<stage>', 'its name')
    .option('--keep-bucket', 'leave the bucket and what is in it')
    .option('-y, --yes', "don't ask")
    .option('--json', 'print what was removed as JSON')
    .addHelpText('after', '\nExample:\n  cosmicai remove dev --keep-bucket\n')
    .action(async (stage: string, options: RemoveOptions) => {
      process.exitCode = await remove(stage, options, terminal);
    });
}

async function remove(stage: string, options: RemoveOptions, terminal: Terminal): Promise<number> {
  const { removeStage } = await import('@cosmicai/deploy');
  const keepBucket = options.keepBucket === true;
  const removed = await removeStage(stage, {
    keepBucket,
    confirm: async (what) =>
      options.yes === true || (await ask(`${what} Type the stage's name to go on:`, terminal)) === stage,
    say: (line) => printLine(terminal.stderr, line),
    signal: terminal.signal,
  });
  if (removed === undefined) {
    printLine(terminal.stderr, 'Nothing was removed.');
    return EXIT.failed;
  }
  const { bucket, objectVersions } = removed;
  if (options.json) printJson(terminal, removed);
  else if (keepBucket) printLine(terminal.stdout, `Removed stage ${stage}; s3://${bucket} stays.`);
  else if (objectVersions === null)
    printLine(terminal.stdout, `Removed stage ${stage}. There was no bucket ${bucket}.`);
  else printLine(terminal.stdout, `Removed stage ${stage} and s3://${bucket} with ${objectVersions} object versions.`);
  return EXIT.done;
}
