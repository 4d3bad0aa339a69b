import { blockOutputs, type InceptionConfig, type NetworkConfig } from '../config.ts';
import { itemAt } from '@cosmicai/payload';
import { densityAssumption } from './assumptions.ts';
import { readEncoderModules, readTransformerModules } from './encoder-modules.ts';
import { readInceptionModules } from './inception-modules.ts';
import type { ModuleView } from './module-view.ts';
import { answerOf } from './state-dict-config.ts';
import { readHead, readPerceptron } from './torch-layers.ts';

export interface ModuleConfig {
  readonly config: NetworkConfig;
  /** What not even a whole module shows. */
  readonly assumptions: readonly string[];
}

/**
 * Reads every hyperparameter from a network's module. Dimensions that only tensors show are checked later, tensor by
 * tensor, against what this answers.
 *
 * @throws CheckpointMismatchError naming the first module that does not fit
 */
export function configOfModule(root: ModuleView): ModuleConfig {
  switch (root.className) {
    case 'Input_Mix_Model':
      return mixConfig(root);
    case 'VisionTransformer': {
      const { outputs, ...config } = readTransformerModules(root);
      return told({ ...config, ...(outputs === undefined ? { answer: 'features' } : answerOf(outputs)) }, false);
    }
    default:
      return fusedConfig(root);
  }
}

function fusedConfig(root: ModuleView): ModuleConfig {
  root.only('patch_embed', 'blocks', 'fc_norm', 'head', 'vit_block', 'inception_model', 'concat_block');
  const { imageSize, bands, encoder } = readEncoderModules(root);
  const branches = root.child('inception_model', 'Input_Mix_Model');
  // Flags of other networks of the same class: they end in heads of their own.
  branches.exactly('Inception_only', false).exactly('magnitude', true).exactly('uk_paper', false);
  branches.only('conv2d_init', 'avgpool', 'avgpool2', 'magnitude_block', 'vis_inception');
  const { bands: stemBands, inception } = readInceptionModules(branches);
  const magnitudes = readPerceptron(branches.child('magnitude_block', 'Sequential'));
  if (stemBands !== bands) {
    throw branches.mismatch(`a branch over ${stemBands} bands`, `the encoder's ${bands}`);
  }
  const { fusion, outputs, softmax } = readFusion(root.child('concat_block', 'Sequential'));
  return told({ imageSize, bands, encoder, inception, magnitudes, fusion, ...answerOf(outputs) }, softmax);
}

/** Input_Mix_Model by itself, as its flags say. */
function mixConfig(root: ModuleView): ModuleConfig {
  const flag = (name: string): boolean => root.exactly(name, true, false).node.attributes.get(name) === true;
  const [alone, withMagnitudes, withHead] = [flag('Inception_only'), flag('magnitude'), flag('uk_paper')];
  const hasMagnitudes = !alone && withMagnitudes;
  const heads = alone ? ['Inception_head_block'] : hasMagnitudes && withHead ? ['head_incept_mag'] : [];
  root.only(
    'conv2d_init',
    'avgpool',
    'avgpool2',
    'vis_inception',
    ...(hasMagnitudes ? ['magnitude_block'] : []),
    ...heads,
  );
  const { bands, inception, flat } = readInceptionModules(root);
  const base = {
    imageSize: imageSizeOf(root, inception, flat),
    bands,
    inception,
    ...(hasMagnitudes && { magnitudes: readPerceptron(root.child('magnitude_block', 'Sequential')) }),
  };
  if (alone) {
    const { outputs, softmax } = readInceptionHead(root.child('Inception_head_block', 'Sequential'));
    return told({ ...base, ...answerOf(outputs) }, softmax);
  }
  const [head] = heads;
  if (head === undefined) return told({ ...base, answer: 'features' }, false);
  const { fusion, outputs, softmax } = readFusion(root.child(head, 'Sequential'));
  return told({ ...base, fusion, ...answerOf(outputs) }, softmax);
}

/** The side of images that the pools leave as many pixels of as the Linear layer takes. */
function imageSizeOf(root: ModuleView, { blocks }: InceptionConfig, flat: number): number {
  const side = Math.sqrt(flat / blockOutputs(itemAt(blocks, blocks.length - 1)));
  if (!Number.isInteger(side)) {
    throw root
      .child('vis_inception', 'Sequential')
      .mismatch(`a sequence whose Linear layer takes ${flat} numbers`, 'as many as a square of pixels has');
  }
  return side * 2 ** (1 + blocks.filter(({ poolAfter }) => poolAfter).length);
}

interface Head {
  readonly outputs: number;
  readonly softmax: boolean;
}

function readFusion(sequence: ModuleView): Head & { readonly fusion: number } {
  const { layers, softmax } = readHead(sequence);
  const widths = readPerceptron(sequence, layers);
  const [, fusion, outputs, ...more] = widths;
  if (fusion === undefined || outputs === undefined || more.length > 0) {
    throw sequence.mismatch(`a perceptron of widths ${widths.join(', ')}`, 'two Linear layers');
  }
  return { fusion, ...answeredBy(sequence, outputs, softmax) };
}

/** ReLU, Linear. */
function readInceptionHead(sequence: ModuleView): Head {
  const { layers, softmax } = readHead(sequence);
  const [activation, ...rest] = layers;
  const widths = readPerceptron(sequence, rest);
  const [, outputs, ...more] = widths;
  if (!activation || outputs === undefined || more.length > 0)
    throw sequence.mismatch('of another length', 'ReLU, Linear');
  activation.as('ReLU');
  return answeredBy(sequence, outputs, softmax);
}

function answeredBy(sequence: ModuleView, outputs: number, softmax: boolean): Head {
  if (softmax && outputs === 1) throw sequence.mismatch('a softmax over one output, which is always 1', 'several bins');
  return { outputs, softmax };
}

function told(config: NetworkConfig, softmax: boolean): ModuleConfig {
  return { config, assumptions: config.answer === 'density' && !softmax ? [densityAssumption(config)] : [] };
}
