import { Command } from 'commander';
import { printJson, printLine, type Terminal } from '../output/terminal.ts';

interface DeployOptions {
  readonly json?: boolean;
  readonly updateBase?: boolean;
}

export function deployCommand(terminal: Terminal): Command {
  return new Command('deploy')
    .description(
      'Deploys a stage into the AWS account of the current credentials, as config/<stage>.yml says. Deploying again updates.',
    )
    .argument('<stage>', 'its name, 2 to 16 lower-case letters, digits and hyphens')
    .option(
      '--update-base',
      "take the newest image of Node under the rendezvous server's (default: the one that it has)",
    )
    .option('--json', 'print what was deployed as JSON')
    .addHelpText('after', '\nExample:\n  cosmicai deploy dev\n')
    .action(async (stage: string, options: DeployOptions) => {
      const { deployStage } = await import('@cosmicai/deploy');
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
