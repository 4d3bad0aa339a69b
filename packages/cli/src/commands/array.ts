import { batchFiles, kubernetesFiles, slurmFiles, planOfArray, writeJob, type ArrayJob } from '@cosmicai/array';
import { demoModel, type DemoPrecision } from '@cosmicai/demo-model';
import { makeRankImage, RANK_IMAGE_BASE, type Architecture } from '@cosmicai/deploy';
import { findRun } from '@cosmicai/runs';
import { folderAddress } from '@cosmicai/store';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { modelArguments, resolveModel } from '../inputs/files.ts';
import {
  accessOf,
  storeOption,
  wholeNumber,
  withAccessOptions,
  withModel,
  type AccessOptions,
} from '../inputs/options.ts';
import { formatLines, formatPairs } from '../output/table.ts';
import { VERSIONS } from '../output/versions.ts';
import { printBlock, printJson, type Terminal } from '../output/terminal.ts';

interface ArrayOptions extends AccessOptions {
  readonly image?: string;
  readonly cpus: number;
  readonly memory: number;
  readonly model?: string;
  readonly precision?: DemoPrecision;
  readonly claim?: readonly string[];
  readonly store?: string;
  readonly out: string;
  readonly json?: boolean;
}

type Files = ReturnType<typeof batchFiles>;

/** What only some kinds have. */
interface KindOptions extends Pick<ArrayOptions, 'claim'> {
  readonly capacity?: 'spot' | 'on-demand';
  readonly namespace?: string;
  readonly serviceAccount?: string;
  readonly partition?: string;
  readonly account?: string;
  readonly time?: string;
}

export function arrayCommand(terminal: Terminal): Command {
  return new Command('array')
    .description('Writes what a scheduler needs to run the ranks of a planned run as an array of tasks.')
    .addCommand(imageCommand(terminal))
    .addCommand(
      kind('batch', 'AWS Batch: a stack (Fargate, spot) and the script that submits', true, terminal, (job, options) =>
        batchFiles(job, options),
      ).addOption(
        new Option('--capacity <kind>', 'what is paid for').choices(['spot', 'on-demand'] as const).default('spot'),
      ),
    )
    .addCommand(
      kind('kubernetes', 'Kubernetes: indexed Jobs', true, terminal, (job, options) =>
        kubernetesFiles(job, { ...options, claims: options.claim }),
      )
        .option('--namespace <name>', 'of the Jobs')
        .option('--service-account <name>', 'whose identity may read the data and write the results')
        .option(
          '--claim <name:path...>',
          'persistent volume claims with folders that the run reads or writes, and where these lie: galaxies:/data',
        ),
    )
    .addCommand(
      kind('slurm', 'Slurm: batch scripts', false, terminal, (job, options) => slurmFiles(job, options))
        .option('--partition <name>', 'where tasks are queued')
        .option('--account <name>', 'who pays')
        .option('--time <limit>', 'longest that a task may take, as sbatch takes it: 2:00:00'),
    );
}

/** No machine has more, so a task that asks for it would wait for ever. */
const MOST_CORES = 1024;
const MOST_MEMORY_MIB = 16 * 2 ** 20;

function kind(
  name: string,
  summary: string,
  inContainers: boolean,
  terminal: Terminal,
  filesOf: (job: ArrayJob, options: KindOptions) => Files,
): Command {
  const command = withModel(withAccessOptions(new Command(name)))
    .summary(summary)
    .description(`${summary}. Look at the files before you hand them over.`)
    .argument('<run>', 'run folder that cosmicai init planned, or its s3:// address')
    .option('--cpus <n>', 'cores of a task', wholeNumber(1, MOST_CORES), 2)
    .option('--memory <MB>', 'memory of a task', wholeNumber(512, MOST_MEMORY_MIB), 4096)
    .requiredOption('-o, --out <folder>', 'where the files go')
    .addOption(storeOption())
    .option('--json', 'print JSON');
  if (inContainers) command.requiredOption('--image <name>', 'container image with the cosmicai command');
  return command
    .addHelpText(
      'after',
      `\nExample:\n  cosmicai array ${name} ${inContainers ? 's3://galaxies/' : ''}results/runs/20260304T050607Z-01234567${inContainers ? ' --image registry.example.org/cosmicai' : ''} --out job\n`,
    )
    .action(async (run: string, options: ArrayOptions & KindOptions) => {
      const { cwd } = terminal;
      const access = accessOf(options);
      const { place } = await findRun(folderAddress(run, cwd), cwd, { access, base: options.store });
      const { image = '', cpus, memory, store, precision } = options;
      const named = modelArguments(options, terminal);
      const path = precision === undefined ? (named[1] ?? demoModel()) : demoModel(precision);
      const plan = await planOfArray(place, { path, arguments: named, inContainer: inContainers });
      const files = filesOf({ ...plan, image, cpus, memory, store }, options);
      const written = await writeJob(resolve(cwd, options.out), files);
      if (options.json) printJson(terminal, { run_id: place.runId, files: written });
      else printBlock(terminal.stdout, formatLines(written));
    });
}

interface ImageOptions {
  readonly base: string;
  readonly architecture: Architecture;
  readonly model?: string;
  readonly json?: boolean;
}

function imageCommand(terminal: Terminal): Command {
  const summary = 'makes the container image that tasks run, and pushes it; needs no Docker';
  return new Command('image')
    .summary(summary)
    .description(
      'Makes the container image that tasks run and pushes it to a registry, or into a folder (OCI layout). Needs no Docker. The tag is that of the content: what is there already is not sent again.',
    )
    .argument('<to>', 'registry.example.org/cosmicai, without a tag, or oci:<folder>')
    .option('--base <image>', 'image with Node, by name or oci:<folder>[:<tag>]', RANK_IMAGE_BASE)
    .addOption(
      new Option('--architecture <name>', 'of the machines').choices(['x86_64', 'arm64'] as const).default('x86_64'),
    )
    .option('-m, --model <file>', 'ONNX model in place of the demo model')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  cosmicai array image registry.example.org/cosmicai\n  cosmicai array image oci:image --model model.onnx\n',
    )
    .action(async (to: string, { base, architecture, json = false, ...options }: ImageOptions) => {
      const { cwd, environment, signal } = terminal;
      const named = options.model ?? environment.COSMICAI_MODEL;
      const model = named === undefined ? undefined : resolveModel(named, terminal);
      const version = VERSIONS.cosmicai;
      const made = await makeRankImage({ to, base, architecture, model, version, cwd, environment, signal });
      if (json) {
        printJson(terminal, made);
        return;
      }
      const { image, base: pinned, model: path } = made;
      printBlock(
        terminal.stdout,
        formatPairs([
          ['Image', image],
          ['Base', pinned],
          ...(path === undefined
            ? []
            : [['Model', `${path}: array batch and array kubernetes take it as --model ${path}`] as const]),
        ]),
      );
    });
}
