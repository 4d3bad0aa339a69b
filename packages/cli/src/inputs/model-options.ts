import type { OpenModelOptions } from '@cosmicai/inference';
import { MODEL_ROLES, type ModelInputs } from '@cosmicai/payload';
import { InvalidArgumentError, type Command } from 'commander';

/** What the command line may say about how a model is used. */
export interface ModelUseOptions {
  /** How the model calls its inputs and its output. */
  readonly map?: ModelInputs;
  readonly allowBatchDependence?: boolean;
}

/** Gives a command these options: the same in every command that opens a model, so that what was inspected can be run. */
export function withModelUse(command: Command): Command {
  return command
    .option(
      '--map <role=name>',
      'how the model calls image, magnitudes or redshift: --map image=input --map redshift=output',
      mapping,
    )
    .option('--allow-batch-dependence', 'take a model whose answer for a galaxy depends on the others in its batch');
}

/** The options as openModel takes them. */
export function modelUse({
  map,
  allowBatchDependence = false,
}: ModelUseOptions): Pick<OpenModelOptions, 'names' | 'allowBatchDependence'> {
  return { ...(map !== undefined && { names: map }), allowBatchDependence };
}

/** Parser of an option given several times, each time with one or more `role=name` with commas between them. */
function mapping(text: string, earlier: ModelInputs = {}): ModelInputs {
  let names = earlier;
  for (const pair of text.split(',')) {
    const cut = pair.indexOf('=');
    const role = MODEL_ROLES.find((known) => known === pair.slice(0, cut).trim());
    const name = pair.slice(cut + 1).trim();
    if (cut < 0 || role === undefined || name === '')
      throw new InvalidArgumentError(`Expected role=name, with a role of ${MODEL_ROLES.join(', ')}.`);
    names = { ...names, [role]: name };
  }
  return names;
}
