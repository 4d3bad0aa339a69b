import type { ModuleNode } from '@cosmicai/torchfile';
import type { AstroMaeConfig } from '../config.ts';
import { readEncoderModules } from './encoder-modules.ts';
import { readInceptionModules } from './inception-modules.ts';
import { ModuleView } from './module-view.ts';
import { readPerceptron } from './torch-layers.ts';

/** Wrappers that training scripts save around the model. */
const PARALLEL = new Set(['DataParallel', 'DistributedDataParallel']);

/** The regressor itself, out of whatever it was trained in parallel with. */
export function unwrapped(file: string, root: ModuleNode): ModuleView {
  const view = new ModuleView(file, root);
  return (PARALLEL.has(view.className) ? view.child('module', 'ViT_Astro') : view).as('ViT_Astro');
}

/**
 * Reads every hyperparameter from a ViT_Astro module. Dimensions that only tensors show are checked later, tensor by
 * tensor, against what this answers.
 *
 * @throws CheckpointMismatchError naming the first module that does not fit
 */
export function configOfModule(root: ModuleView): AstroMaeConfig {
  root.only('patch_embed', 'blocks', 'fc_norm', 'head', 'vit_block', 'inception_model', 'concat_block');
  const { imageSize, bands, encoder } = readEncoderModules(root);
  const branches = root.child('inception_model', 'Input_Mix_Model');
  const { bands: stemBands, inception, magnitudes } = readInceptionModules(branches);
  if (stemBands !== bands) {
    throw branches.mismatch(`a branch over ${stemBands} bands`, `the encoder's ${bands}`);
  }
  const joining = root.child('concat_block', 'Sequential');
  const widths = readPerceptron(joining);
  const [, fusion, outputs] = widths;
  if (fusion === undefined || outputs !== 1 || widths.length !== 3) {
    throw joining.mismatch(
      `a perceptron of widths ${widths.join(', ')}`,
      'two Linear layers, the last with one output',
    );
  }
  return { imageSize, bands, encoder, inception, magnitudes, fusion };
}
