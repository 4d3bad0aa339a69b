import { statfs } from 'node:fs/promises';
import type { Finding } from '@cosmicai/aws';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { openModel } from '@cosmicai/inference';
import { imagePixels, parseEndpoint, UserInputError } from '@cosmicai/payload';
import { openStore, type StoreAccess, bucketAndPrefix, folderAddress } from '@cosmicai/store';
import { Command } from 'commander';
import { connect } from 'node:net';
import { once } from 'node:events';
import { stageOption, targetOption, type EngineName } from '../engines.ts';
import { resolveModel } from '../inputs/files.ts';
import { accessOf, withAccessOptions, withModel, type AccessOptions } from '../inputs/options.ts';
import { EXIT } from '../output/errors.ts';
import { formatTable } from '../output/table.ts';
import { printBlock, printJson, type Terminal } from '../output/terminal.ts';

interface DoctorOptions extends AccessOptions {
  readonly target: EngineName;
  readonly stage: string;
  readonly region?: string;
  readonly model?: string;
  readonly store?: string;
  readonly rendezvous?: string;
  readonly json?: boolean;
}

export function doctorCommand(terminal: Terminal): Command {
  return withModel(withAccessOptions(new Command('doctor')))
    .description(
      'Checks Node, disk space, the model, a store, a rendezvous server and the AWS identity; with --target aws, all that runs on a deployed stage need. Exit code 1 when a check fails.',
    )
    .option('--store <address>', 'store to read from, e.g. s3://galaxies/100MB')
    .option('--rendezvous <host:port>', 'rendezvous server to connect to')
    .addOption(targetOption())
    .addOption(stageOption())
    .option('--region <region>', "aws: region to look in (default: the stage's)")
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai doctor --store s3://galaxies --rendezvous rendezvous.example.org:10000\n  cosmicai doctor --target aws --stage dev\n',
    )
    .action(async (options: DoctorOptions, self: Command) => {
      refuseOptionsOfOther(options.target, self);
      const findings = options.target === 'aws' ? await stage(options) : await machine(options, terminal);
      process.exitCode = show(findings, options, terminal);
    });
}

const OLDEST_NODE = 22;
/** The dependencies, the demo survey and its results, with room to spare. */
const LEAST_FREE_BYTES = 2 ** 30;
const NETWORK_TIMEOUT_MS = 5000;

/** What is said of a stage alone, and of both. */
const OF_STAGE = ['stage', 'region'];
const OF_BOTH = ['target', 'json'];

/** @throws UserInputError when the command line names an option that the target has no use for */
function refuseOptionsOfOther(target: EngineName, self: Command): void {
  const given = self.options.filter((option) => self.getOptionValueSource(option.attributeName()) === 'cli');
  const wrong = given
    .filter((option) => !OF_BOTH.includes(option.attributeName()))
    .find((option) => OF_STAGE.includes(option.attributeName()) !== (target === 'aws'));
  if (wrong === undefined) return;
  const other = target === 'aws' ? 'local' : 'aws';
  throw new UserInputError(`${wrong.long ?? wrong.flags} is for --target ${other}, not for --target ${target}.`);
}

async function stage({ stage, region }: DoctorOptions): Promise<Finding[]> {
  const { checkStage } = await import('@cosmicai/aws');
  return await checkStage(stage, region);
}

async function machine(options: DoctorOptions, terminal: Terminal): Promise<Finding[]> {
  const { store: address, rendezvous: endpoint } = options;
  return [
    await finding('Node', () => Promise.resolve(node())),
    await finding('disk', () => disk(terminal.cwd)),
    await finding('model', () => model(options.model, terminal)),
    address === undefined
      ? off('store', '--store')
      : await finding('store', () => store(address, accessOf(options), terminal)),
    endpoint === undefined
      ? off('rendezvous', '--rendezvous')
      : await finding('rendezvous', () => rendezvous(endpoint)),
    await identity(),
  ];
}

function show(findings: readonly Finding[], options: DoctorOptions, terminal: Terminal): number {
  if (options.json) printJson(terminal, findings);
  else {
    printBlock(
      terminal.stdout,
      formatTable<Finding>(
        [
          { title: 'check', align: 'left', cell: (found) => found.check },
          { title: 'state', align: 'left', cell: (found) => found.state },
          { title: 'detail', align: 'left', cell: (found) => found.detail },
        ],
        findings,
      ),
    );
  }
  return findings.some((found) => found.state === 'failed') ? EXIT.failed : EXIT.done;
}

async function finding(check: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { check, state: 'ok', detail: await look() };
  } catch (error) {
    return { check, state: 'failed', detail: (error as Error).message };
  }
}

function off(check: string, option: string): Finding {
  return { check, state: 'off', detail: `not checked; name one with ${option}` };
}

function node(): string {
  if (Number(process.versions.node.split('.')[0]) >= OLDEST_NODE) return process.version;
  throw new UserInputError(`${process.version} is too old: install Node 24`);
}

async function disk(folder: string): Promise<string> {
  const { bavail, bsize } = await statfs(folder);
  const free = `${((bavail * bsize) / 2 ** 30).toFixed(1)} GB free in ${folder}`;
  if (bavail * bsize < LEAST_FREE_BYTES) throw new UserInputError(`${free}; at least 1 GB is needed`);
  return free;
}

async function model(asked: string | undefined, terminal: Terminal): Promise<string> {
  const modelPath = resolveModel(asked, terminal);
  const { predictor } = await openModel({ modelPath, workers: 1 });
  try {
    const [z] = await predictor.predict({
      count: 1,
      images: new Float32Array(imagePixels(predictor.contract.spec.image)),
      magnitudes: new Float64Array(predictor.contract.spec.features.length).fill(18),
    });
    if (!Number.isFinite(z)) throw new UserInputError(`${modelPath} predicts ${z} for an empty image`);
    return `${modelPath} loads and predicts`;
  } finally {
    await predictor.close();
  }
}

async function store(address: string, access: StoreAccess, terminal: Terminal): Promise<string> {
  const { bucket, prefix } = bucketAndPrefix(folderAddress(address, terminal.cwd));
  for await (const { key } of openStore(bucket, { access }).list(prefix))
    return `${address} can be read; first object ${key}`;
  return `${address} can be read and is empty`;
}

async function rendezvous(endpoint: string): Promise<string> {
  const { host, port } = parseEndpoint(endpoint);
  const started = performance.now();
  const socket = connect({ host, port, timeout: NETWORK_TIMEOUT_MS });
  socket.on('timeout', () => socket.destroy(new Error('no answer within 5 s')));
  try {
    await once(socket, 'connect');
    return `${endpoint} accepts connections (${(performance.now() - started).toFixed(1)} ms)`;
  } catch (error) {
    throw new UserInputError(`${endpoint} can't be reached: ${(error as Error).message}`, { cause: error });
  } finally {
    socket.destroy();
  }
}

/** Having no AWS identity is not a failure: everything local works without one. */
async function identity(): Promise<Finding> {
  try {
    const client = new STSClient({
      maxAttempts: 1,
      requestHandler: { requestTimeout: NETWORK_TIMEOUT_MS, connectionTimeout: NETWORK_TIMEOUT_MS },
    });
    const { Arn } = await client.send(new GetCallerIdentityCommand({}));
    return { check: 'AWS', state: 'ok', detail: `signed in as ${Arn ?? 'unknown'}` };
  } catch (error) {
    return {
      check: 'AWS',
      state: 'off',
      detail: `no identity (${(error as Error).message}); needed only for s3:// and --target aws`,
    };
  }
}
