import { Command } from 'commander';
import { printJson, printLine, type Terminal } from '../output/terminal.ts';

interface DeployOptions {
  readonly json?: boolean;
  readonly updateBase?: boolean;
  readonly writeOptions?: boolean;
}

export function deployCommand(terminal: Terminal): Command {
  return new Command('deploy')
    .description(
      'Deploys a stage into the AWS account of the current credentials, as config/<stage>.yml of the current folder says, or with the defaults where there is no such file. Deploying again updates.',
    )
    .argument('<stage>', 'its name, 2 to 16 lower-case letters, digits and hyphens')
    .option(
      '--update-base',
      "take the newest image of Node under the rendezvous server's (default: the one that it has)",
    )
    .option(
      '--write-options',
      'write config/<stage>.yml with all options, their meanings and defaults, to choose from; deploy nothing',
    )
    .option('--json', 'print what was deployed, or written, as JSON')
    .addHelpText('after', '\nExamples:\n  cosmicai deploy dev\n  cosmicai deploy survey --write-options\n')
    .action(async (stage: string, options: DeployOptions) => {
      const { deployStage, writeStageOptions } = await import('@cosmicai/deploy');
      if (options.writeOptions === true) {
        const file = await writeStageOptions(stage);
        if (options.json) printJson(terminal, { stage, file });
        else printLine(terminal.stdout, `Wrote ${file}. Edit it, then deploy the stage: cosmicai deploy ${stage}`);
        return;
      }
      const { describeUpload } = await import('@cosmicai/inference');
      const say = (line: string) => printLine(terminal.stderr, line);
      const { model, ...deployed } = await deployStage(stage, {
        say,
        signal: terminal.signal,
        updateBase: options.updateBase === true,
      });
      if (options.json) {
        printJson(terminal, { ...deployed, model: model?.key ?? null });
        return;
      }
      if (model !== undefined) say(describeUpload(model));
      const { bucket, payload } = deployed;
      for (const line of [
        `Deployed. The bucket is s3://${bucket}: put partition files (1.pt, 2.pt, …) below datasets/small/, then start a run of the payload`,
        `that lies there to begin with:`,
        '',
        `  cosmicai run --target aws --stage ${stage} ${payload}`,
      ])
        printLine(terminal.stdout, line);
    });
}
