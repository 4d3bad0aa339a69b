import { inspectFile } from '@cosmicai/families';
import { Command } from 'commander';
import { resolveModel } from '../../inputs/files.ts';
import { modelUse, withModelUse, type ModelUseOptions } from '../../inputs/model-options.ts';
import { printBlock, printJson, type Terminal } from '../../output/terminal.ts';
import { describeModel, inspectionJson } from './describe-model.ts';

interface InspectOptions extends ModelUseOptions {
  readonly json?: boolean;
}

export function inspectCommand(terminal: Terminal): Command {
  const command = new Command('inspect')
    .summary('say what an ONNX model is, and whether infer can run it')
    .description(
      'Prints inputs and outputs, opsets, operators, metadata, files, sha-256 and trained ranges of any ONNX model, and whether infer can run it or why not; of models of this compiler also architecture, parameters, FLOP a sample and provenance.',
    )
    .argument('[model]', 'ONNX file; default: the demo model');
  return withModelUse(command)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai model inspect astromae.onnx\n  cosmicai model inspect other.onnx --map image=input --map redshift=output\n',
    )
    .action(async (path: string | undefined, options: InspectOptions) => {
      const inspection = await inspectFile(resolveModel(path, terminal), modelUse(options));
      if (options.json) printJson(terminal, inspectionJson(inspection));
      else printBlock(terminal.stdout, describeModel(inspection));
    });
}
