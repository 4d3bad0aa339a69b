// Removes all stacks of a stage and its bucket.
import { createInterface } from 'node:readline/promises';
import { checkAccount } from './check-account.ts';
import { removeBucket } from './remove-bucket.ts';
import { sls, slsForFunctions } from './run-stacks.ts';
import { stageCommand } from './stage-command.ts';
import { bucketName, stageOptions } from './stage-options.ts';

const USAGE = `Usage: pnpm remove:stage <stage> [--keep-bucket] [--yes]

Removes what deploy:stage made. With the bucket go all data, models and results in it, in every version.

  --keep-bucket   leave the bucket and what is in it
  --yes           don't ask

Example: AWS_PROFILE=survey pnpm remove:stage dev --keep-bucket
`;

await stageCommand(USAGE, ['keep-bucket', 'yes'], remove);

async function remove(stage: string, given: ReadonlySet<'keep-bucket' | 'yes'>): Promise<void> {
  const options = stageOptions(stage);
  const { region } = options;
  process.env.AWS_REGION = region;
  const { id } = await checkAccount(options);
  const bucket = bucketName(stage, id, region);
  const keeps = given.has('keep-bucket');
  const what = keeps
    ? `stage ${stage} (s3://${bucket} stays)`
    : `stage ${stage} with s3://${bucket} and all that is in it`;
  if (!given.has('yes') && !(await confirmed(stage, `Removing ${what} from account ${id}.`))) {
    process.stderr.write('Nothing was removed.\n');
    process.exitCode = 1;
    return;
  }
  // The functions first: nothing may write into the bucket while it is emptied.
  await slsForFunctions(['remove', '--stage', stage]);
  await sls('.', ['remove', '--stage', stage]);
  if (!keeps) {
    const removed = await removeBucket(bucket, region);
    process.stdout.write(
      removed === undefined
        ? `There was no bucket ${bucket}.\n`
        : `Removed s3://${bucket} with ${removed} object versions.\n`,
    );
  }
}

async function confirmed(stage: string, question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(`${question} Type the stage's name to go on: `)).trim() === stage;
  } finally {
    terminal.close();
  }
}
