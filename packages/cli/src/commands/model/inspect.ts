import { readFile } from 'node:fs/promises';
import { inspectModel, ModelFileError, type ModelReport } from '@cosmicai/astromae';
import { UserInputError } from '@cosmicai/payload';
import { Command } from 'commander';
import { resolveModel } from '../../inputs/files.ts';
import { printJson, printLine, type Terminal } from '../../output/terminal.ts';
import { describeModel } from './describe-model.ts';

export function inspectCommand(terminal: Terminal): Command {
  return new Command('inspect')
    .summary('say what an ONNX model of ours is')
    .description(
      'Prints architecture, parameters, file size, FLOP a sample, inputs and outputs, sha-256 and provenance.',
    )
    .argument('[model]', 'ONNX file; default: the demo model')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  cosmicai model inspect astromae.onnx\n')
    .action(async (path: string | undefined, options: { readonly json?: boolean }) => {
      const report = await inspect(resolveModel(path, terminal));
      if (options.json) printJson(terminal, report);
      else printLine(terminal.stdout, describeModel(report));
    });
}

async function inspect(path: string): Promise<ModelReport> {
  try {
    return inspectModel(await readFile(path));
  } catch (error) {
    if (error instanceof ModelFileError) throw new UserInputError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}
