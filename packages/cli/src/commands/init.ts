import { openFunctions, planRun } from '@cosmicai/array';
import type { DemoPrecision } from '@cosmicai/demo-model';
import { composePayload, readPayload, type PayloadChanges } from '@cosmicai/engine';
import { shellWord } from '@cosmicai/payload';
import { layoutOf, placeOfRun } from '@cosmicai/runs';
import { pathAt, readableAddress } from '@cosmicai/store';
import { Command } from 'commander';
import { modelArguments, resolveModel } from '../inputs/files.ts';
import { storeOption, withModel } from '../inputs/options.ts';
import { withPayloadOptions } from '../inputs/payload-options.ts';
import { formatLines } from '../output/table.ts';
import { printBlock, printJson, printLine, type Terminal } from '../output/terminal.ts';

interface InitOptions extends PayloadChanges {
  readonly model?: string;
  readonly precision?: DemoPrecision;
  readonly store?: string;
  readonly json?: boolean;
}

export function initCommand(terminal: Terminal): Command {
  return withModel(withPayloadOptions(new Command('init')))
    .description(
      'Plans a run whose ranks a scheduler of yours will start: which rank reads which files. Writes the run’s folder with manifest.json, and starts nothing.',
    )
    .argument('[payload]', 'payload file (.json), as the deployed state machine takes it')
    .addOption(storeOption())
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  cosmicai init --data s3://galaxies/survey --results s3://galaxies/results --world-size 10000\n',
    )
    .action((file: string | undefined, options: InitOptions) => init(file, options, terminal));
}

async function init(file: string | undefined, options: InitOptions, terminal: Terminal): Promise<void> {
  const { cwd, signal } = terminal;
  const { store } = options;
  const fields = file === undefined ? {} : await readPayload(file, cwd);
  const { payload } = composePayload(fields, { ...options, payloadFile: file }, cwd);
  const model = resolveModel(options.model, terminal);
  await using functions = await openFunctions({ model, store });
  const { run, warnings } = await planRun({ payload, model, store, functions, signal });
  const place = placeOfRun(run);
  const folder = readableAddress(run.bucket, layoutOf(place).folder);
  const manifest = readableAddress(run.bucket, run.manifest_key);
  const { run_id, world_size: ranks, ranks_with_data } = run;
  if (options.json) {
    printJson(terminal, { run_id, folder, manifest, ranks, ranks_with_data, warnings });
    return;
  }
  const told = payload.model === undefined ? modelArguments(options, terminal) : [];
  const withModelOf = told.map((word) => ` ${shellWord(word)}`).join('');
  for (const warning of warnings) printLine(terminal.stderr, `Note: ${warning}`);
  printBlock(
    terminal.stdout,
    formatLines([
      `Run ${run_id} is planned: ${ranks} ranks, ${ranks_with_data} with data`,
      `Manifest       ${manifest}`,
      `A rank         cosmicai rank --manifest ${shellWord(manifest)} --index 0${withModelOf}`,
      `All of them    ${arrayOf(folder, withModelOf)}`,
      `At their end   cosmicai summarize ${shellWord(folder)}`,
    ]),
  );
}

/** What lies in a bucket is seen from containers, too. */
function arrayOf(folder: string, model: string): string {
  return pathAt(folder) === undefined && folder.includes('://')
    ? `cosmicai array kubernetes ${shellWord(folder)} --image <image> --out job${model} (or batch, or slurm)`
    : `cosmicai array slurm ${shellWord(folder)} --out job${model}`;
}
