import { Command } from 'commander';
import { stageOption } from '../inputs/options.ts';
import { setIn } from '../output/table.ts';
import { printBlock, printJson, printLine, type Terminal } from '../output/terminal.ts';

interface LogsOptions {
  readonly stage: string;
  readonly function?: string;
  readonly filter?: string;
  readonly json?: boolean;
}

export function logsCommand(terminal: Terminal): Command {
  return new Command('logs')
    .description(
      'Prints the lines that the functions of a stage logged from the start of an execution to its end, oldest first for each function. Runs at the same time share the log.',
    )
    .argument('[execution]', 'its name; default: the newest')
    .addOption(stageOption())
    .option('--function <name>', 'only functions whose name contains this, e.g. infer')
    .option('--filter <pattern>', 'only lines that match this CloudWatch filter pattern, e.g. ERROR')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  cosmicai logs --stage dev --function infer --filter ERROR\n')
    .action(async (name: string | undefined, options: LogsOptions) => {
      const { executionLog } = await import('@cosmicai/aws');
      const lines = await executionLog(options.stage, name, options);
      if (options.json) {
        printJson(terminal, lines);
        return;
      }
      for (const { time, function: from, message } of lines)
        printBlock(terminal.stdout, setIn(`${time} ${from} ${message.trimEnd()}`));
      if (lines.length === 0) printLine(terminal.stderr, 'Nothing was logged.');
    });
}
