import { Command } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { benchCommand } from './commands/bench.ts';
import { cleanCommand } from './commands/clean.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { fmiCommand } from './commands/fmi.ts';
import { inferCommand } from './commands/infer.ts';
import { logsCommand } from './commands/logs.ts';
import { modelCommand } from './commands/model.ts';
import { quoteCommand } from './commands/quote.ts';
import { rendezvousCommand } from './commands/rendezvous.ts';
import { reportCommand } from './commands/report.ts';
import { runCommand } from './commands/run.ts';
import { simulateCommand } from './commands/simulate.ts';
import { splitCommand } from './commands/split.ts';
import { statusCommand } from './commands/status.ts';
import { stopCommand } from './commands/stop.ts';
import { EXIT, exitCodeOf, messageOf } from './output/errors.ts';
import { printLine, type Terminal } from './output/terminal.ts';

const COMMANDS = [
  demoCommand,
  runCommand,
  inferCommand,
  simulateCommand,
  splitCommand,
  modelCommand,
  benchCommand,
  quoteCommand,
  reportCommand,
  rendezvousCommand,
  fmiCommand,
  statusCommand,
  logsCommand,
  stopCommand,
  cleanCommand,
  doctorCommand,
];

/**
 * Runs one command line.
 *
 * @returns exit code: 0 done, 1 failed, 2 wrong use, 130 interrupted
 */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = new Command('cosmicai')
    .description('Serverless redshift inference for galaxy images')
    .version(packageJson.version)
    .showHelpAfterError('(--help shows how to use it)');
  for (const command of COMMANDS) program.addCommand(command(terminal));
  confine(program, terminal);
  try {
    await program.parseAsync(args, { from: 'user' });
    return process.exitCode === undefined ? EXIT.done : Number(process.exitCode);
  } catch (error) {
    const code = exitCodeOf(error, terminal.signal.aborted);
    // Commander has printed its own errors already.
    if (!isCommanderError(error))
      printLine(terminal.stderr, code === EXIT.interrupted ? 'Stopped.' : `Error: ${messageOf(error)}`);
    return code;
  }
}

function isCommanderError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.');
}

/** Commander throws instead of ending the process, and prints to the terminal given, in every command. */
function confine(command: Command, terminal: Terminal): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => terminal.stdout.write(text),
    writeErr: (text) => terminal.stderr.write(text),
  });
  for (const child of command.commands) confine(child, terminal);
}
