import { Command } from 'commander';
import { openEngine, stageOption, targetOption, type EngineName } from '../engines.ts';
import { setIn } from '../output/table.ts';
import { printBlock, printJson, printLine, type Terminal } from '../output/terminal.ts';

interface LogsOptions {
  readonly target: EngineName;
  readonly stage: string;
  readonly function?: string;
  readonly filter?: string;
  readonly json?: boolean;
}

export function logsCommand(terminal: Terminal): Command {
  return new Command('logs')
    .description(
      'Prints the lines that functions logged during an execution, oldest first for each function. On a stage, runs at the same time share the log.',
    )
    .argument('[execution]', 'its name, or its folder on this machine; aws default: the newest')
    .addOption(targetOption('aws'))
    .addOption(stageOption())
    .option('--function <name>', 'only functions whose name contains this, e.g. infer')
    .option(
      '--filter <pattern>',
      'only lines that match this CloudWatch filter pattern, or on this machine hold this text, e.g. ERROR',
    )
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  cosmicai logs --stage dev --function infer --filter ERROR\n')
    .action(async (name: string | undefined, options: LogsOptions, self: Command) => {
      const engine = await openEngine(options.target, options, self, terminal);
      const lines = await engine.logs({ execution: name, function: options.function, filter: options.filter });
      if (options.json) {
        printJson(terminal, lines);
        return;
      }
      for (const { time, function: from, message } of lines)
        printBlock(terminal.stdout, setIn(`${time === null ? '' : `${time} `}${from} ${message.trimEnd()}`));
      if (lines.length === 0) printLine(terminal.stderr, 'Nothing was logged.');
    });
}
