import { Command } from 'commander';
import { openEngine, stageOption, targetOption, type EngineName } from '../engines.ts';
import { printJson, printLine, type Terminal } from '../output/terminal.ts';

interface StopOptions {
  readonly target: EngineName;
  readonly stage: string;
  readonly json?: boolean;
}

export function stopCommand(terminal: Terminal): Command {
  return new Command('stop')
    .description(
      'Stops an execution at once. Ranks that are done keep their results; run --only-failed, or --resume on this machine, goes on with the others.',
    )
    .argument('[execution]', 'its name, or its folder on this machine; aws default: the only one at work')
    .addOption(targetOption('aws'))
    .addOption(stageOption())
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai stop --stage dev 20260304T050607Z-1a2b3c4d\n  cosmicai stop --target local results/executions/20260304T050607Z-1a2b\n',
    )
    .action(async (name: string | undefined, options: StopOptions, self: Command) => {
      const engine = await openEngine(options.target, options, self, terminal);
      const stopped = await engine.stop(name);
      if (options.json) printJson(terminal, { execution: stopped, status: 'ABORTED' });
      else printLine(terminal.stdout, `Stopped ${stopped}. Go on with: ${engine.commands(stopped).goOn}`);
    });
}
