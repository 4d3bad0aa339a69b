import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { contractOf, describeOnnxFile, readSpecText, withMetadata } from '@cosmicai/inference';
import { describeSample, MODEL_SPEC_KEY, UserInputError, type ModelSpec } from '@cosmicai/payload';
import { writeNamedFile } from '@cosmicai/store';
import { Command } from 'commander';
import { resolveModel } from '../../inputs/files.ts';
import { readText } from '../../inputs/json-file.ts';
import { printJson, printLine, type Terminal } from '../../output/terminal.ts';
import { refuseToLeaveWeights } from './profile.ts';

interface DescribeOptions {
  readonly spec: string;
  readonly out: string;
  readonly json?: boolean;
}

export function describeCommand(terminal: Terminal): Command {
  return new Command('describe')
    .summary('write into a model what it takes')
    .description(
      'Writes a copy of a model that says which bands, pixels and features it takes of a galaxy, so that it runs on partitions of these. Models that don’t say it take five bands of 32 x 32 pixels and five magnitudes.',
    )
    .argument('<model>', 'ONNX file')
    .requiredOption('--spec <file>', 'YAML or JSON file with the model’s inputs')
    .requiredOption('-o, --out <file>', 'file for the copy')
    .option('--json', 'print the spec as JSON')
    .addHelpText('after', '\nExample:\n  cosmicai model describe hsc.onnx --spec hsc.json --out hsc-described.onnx\n')
    .action((model: string, options: DescribeOptions) => describe(model, options, terminal));
}

async function describe(model: string, options: DescribeOptions, terminal: Terminal): Promise<void> {
  const path = resolveModel(model, terminal);
  const out = resolve(terminal.cwd, options.out);
  refuseToLeaveWeights(path, out);
  const specFile = resolve(terminal.cwd, options.spec);
  if (specFile === out)
    throw new UserInputError(`${out} is the spec: name another file for the copy of the model with --out.`);
  const { said, spec } = await readSpecText(Buffer.from(await readText(specFile)), `the spec ${options.spec}`);
  await writeNamedFile(out, 'The model', withMetadata(await readFile(path), MODEL_SPEC_KEY, JSON.stringify(said)));
  const misfit = whyNotFitting(path, spec);
  if (options.json) printJson(terminal, { ...spec, written: out, misfit: misfit ?? null });
  else printLine(terminal.stdout, `It takes ${describeSample(spec)}. Written to ${out}`);
  if (misfit !== undefined) printLine(terminal.stderr, `As it is, it can't be run: ${misfit}`);
}

/** Why a model can't be what a spec says; it may still be run where its inputs and outputs are called by --map. */
function whyNotFitting(path: string, spec: ModelSpec): string | undefined {
  try {
    contractOf(describeOnnxFile(path), {}, spec);
    return undefined;
  } catch (error) {
    if (error instanceof UserInputError) return error.message.split('\n', 1)[0];
    throw error;
  }
}
