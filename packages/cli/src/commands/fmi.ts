import { pingWorld } from '@cosmicai/fmi';
import { parseEndpoint, UserInputError } from '@cosmicai/payload';
import { Command, Option } from 'commander';
import { describePing } from '../fmi/describe-ping.ts';
import { wholeNumber } from '../inputs/options.ts';
import { EXIT } from '../output/errors.ts';
import { printJson, printLine, type Terminal } from '../output/terminal.ts';

interface PingOptions {
  readonly worldSize: number;
  readonly rendezvous?: string;
  readonly path: 'direct' | 'relay';
  readonly hint: 'fast' | 'cheap';
  readonly encrypt?: boolean;
  readonly json?: boolean;
}

export function fmiCommand(terminal: Terminal): Command {
  const ping = new Command('ping')
    .summary('connect peers, check every operation, measure every pair')
    .description(
      'Connects N peers through a rendezvous server (one of its own by default), checks every operation, and prints channel, set-up time, latency and bandwidth of each pair, and which channel the policy would take. The server’s secret is read from COSMICAI_RENDEZVOUS_SECRETS.',
    )
    .option('-n, --world-size <n>', 'number of peers', wholeNumber(1, 64), 4)
    .option('--rendezvous <host:port>', 'server to meet at; default: one of its own')
    .addOption(
      new Option('--path <kind>', 'direct, or all through the relay').choices(['direct', 'relay']).default('direct'),
    )
    .addOption(new Option('--hint <hint>', 'what the policy looks for').choices(['fast', 'cheap']).default('fast'))
    .option('--encrypt', 'TLS on every link')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  cosmicai fmi ping --world-size 8 --rendezvous rendezvous.example.org:10000\n')
    .action(async (options: PingOptions) => {
      process.exitCode = await run(options, terminal);
    });
  return new Command('fmi').summary('message passing between ranks').addCommand(ping);
}

async function run(options: PingOptions, terminal: Terminal): Promise<number> {
  const secret = terminal.environment.COSMICAI_RENDEZVOUS_SECRETS?.trim().split(/\s+/)[0];
  if (options.rendezvous !== undefined && secret === undefined) {
    throw new UserInputError(
      `The secret of ${options.rendezvous} is needed: set COSMICAI_RENDEZVOUS_SECRETS to the one it runs with.`,
    );
  }
  const report = await pingWorld({
    worldSize: options.worldSize,
    path: options.path,
    hint: options.hint,
    encrypt: options.encrypt ?? false,
    signal: terminal.signal,
    ...(options.rendezvous !== undefined && { rendezvous: parseEndpoint(options.rendezvous), secret: secret! }),
  });
  if (options.json) printJson(terminal, report);
  else printLine(terminal.stdout, describePing(report));
  return report.ok ? EXIT.done : EXIT.failed;
}
