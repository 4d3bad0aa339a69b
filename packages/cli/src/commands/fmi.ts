import { LARGEST_PING, UserInputError } from '@cosmicai/payload';
import { Command, Option } from 'commander';
import { describePing } from '../fmi/describe-ping.ts';
import { openEngine, stageOption, targetOption, type EngineName } from '../engines.ts';
import { wholeNumber } from '../inputs/options.ts';
import { EXIT } from '../output/errors.ts';
import { printBlock, printJson, type Terminal } from '../output/terminal.ts';

interface PingOptions {
  readonly worldSize?: number;
  readonly rendezvous?: string;
  readonly path: 'direct' | 'relay';
  readonly hint: 'fast' | 'cheap';
  readonly encrypt?: boolean;
  readonly target: EngineName;
  readonly stage: string;
  readonly json?: boolean;
}

export function fmiCommand(terminal: Terminal): Command {
  const ping = new Command('ping')
    .summary('connect peers, check every operation, measure every pair')
    .description(
      'Connects N peers through a rendezvous server, checks every operation, and prints each step to that, the channel, set-up time, latency and bandwidth of each pair, and which channel the policy would take. On this machine with a server of its own, or one whose secret COSMICAI_RENDEZVOUS_SECRETS holds; with --target aws, deployed functions meet through the server of their stage.',
    )
    .option('-n, --world-size <n>', 'number of peers; default: 4, on a stage 2', wholeNumber(1, LARGEST_PING))
    .option('--rendezvous <host:port>', "server to meet at; default: one of its own, on a stage the stage's")
    .addOption(
      new Option('--path <kind>', 'direct, or all through the relay').choices(['direct', 'relay']).default('direct'),
    )
    .addOption(new Option('--hint <hint>', 'what the policy looks for').choices(['fast', 'cheap']).default('fast'))
    .option('--encrypt', 'TLS on every link')
    .addOption(targetOption())
    .addOption(stageOption())
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai fmi ping --world-size 8 --rendezvous rendezvous.example.org:10000\n  cosmicai fmi ping --target aws --stage dev\n',
    )
    .action(async (options: PingOptions, self: Command) => {
      const engine = await openEngine(options.target, options, self, terminal);
      if (engine.ping === undefined)
        throw new UserInputError(`The ranks of --target ${engine.name} meet in a run alone: cosmicai run --fmi`);
      const { worldSize, rendezvous, path, hint, encrypt = false } = options;
      const report = await engine.ping({ worldSize, rendezvous, path, hint, encrypt });
      if (options.json) printJson(terminal, report);
      else printBlock(terminal.stdout, describePing(report));
      process.exitCode = report.ok ? EXIT.done : EXIT.failed;
    });
  return new Command('fmi').addCommand(ping);
}
