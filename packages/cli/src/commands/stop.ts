import { Command } from 'commander';
import { stageOption } from '../inputs/options.ts';
import { printJson, printLine, type Terminal } from '../output/terminal.ts';

interface StopOptions {
  readonly stage: string;
  readonly json?: boolean;
}

export function stopCommand(terminal: Terminal): Command {
  return new Command('stop')
    .description(
      'Stops an execution at once. Ranks that are done keep their results; run --only-failed goes on with the others.',
    )
    .argument('[execution]', 'its name; default: the only one at work')
    .addOption(stageOption())
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  cosmicai stop --stage dev 20260304T050607Z-1a2b3c4d\n')
    .action(async (name: string | undefined, options: StopOptions) => {
      const { openStage } = await import('@cosmicai/aws');
      const { stopExecution } = await import('@cosmicai/aws');
      const { workflow } = await openStage(options.stage);
      const stopped = await stopExecution(workflow, name);
      if (options.json) printJson(terminal, { execution: stopped, status: 'ABORTED' });
      else
        printLine(
          terminal.stdout,
          `Stopped ${stopped}. Go on with: cosmicai run --target aws --stage ${options.stage} --only-failed ${stopped}`,
        );
    });
}
