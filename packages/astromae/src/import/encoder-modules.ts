import { isDeepStrictEqual } from 'node:util';
import { itemAt } from '@cosmicai/payload';
import type { EncoderConfig, PcmConfig, TransformerConfig, TrunkConfig } from '../config.ts';
import type { ModuleView } from './module-view.ts';
import { readBatchNorm, readConvolution, readLayerNorm, readLinear, readPerceptron } from './torch-layers.ts';

interface TrunkReading {
  readonly imageSize: number;
  readonly bands: number;
  readonly trunk: Omit<TrunkConfig, 'poolNormEpsilon'>;
}

export interface EncoderReading {
  readonly imageSize: number;
  readonly bands: number;
  readonly encoder: EncoderConfig;
}

/** Reads patch embedding, class token, positions and blocks. */
function readTrunk(root: ModuleView): TrunkReading {
  const patches = readPatchEmbedding(root.child('patch_embed', 'PatchEmbed'));
  const { embedding } = patches;
  const side = patches.imageSize / patches.patchSize;
  expectDims(root, 'cls_token', [1, 1, embedding]);
  expectDims(root, 'pos_embed', [1, 1 + side * side, embedding]);

  const blocks = root.child('blocks', 'ModuleList', 'Sequential').items();
  const [first, ...others] = blocks.map((block) => readBlock(block, embedding));
  if (!first) throw root.child('blocks', 'ModuleList', 'Sequential').mismatch('empty', 'at least one block');
  others.forEach((other, index) => {
    if (!isDeepStrictEqual(other, first)) {
      throw itemAt(blocks, index + 1).mismatch(
        `a block of settings ${JSON.stringify(other)}`,
        `those of the first block, ${JSON.stringify(first)}`,
      );
    }
  });
  return {
    imageSize: patches.imageSize,
    bands: patches.bands,
    trunk: { patchSize: patches.patchSize, embedding, depth: blocks.length, ...first },
  };
}

/** Reads the encoder of a ViT_Astro module: patch embedding, blocks, and the layers after pooling. */
export function readEncoderModules(root: ModuleView): EncoderReading {
  const { imageSize, bands, trunk } = readTrunk(root);
  const head = readLinear(root.child('head', 'Linear'));
  const block = root.child('vit_block', 'Sequential');
  const widths = readPerceptron(block);
  const [inputs, hidden, features, ...more] = widths;
  const fits = head.inputs === trunk.embedding && inputs === head.outputs && more.length === 0;
  if (!fits || hidden === undefined || features === undefined) {
    throw block.mismatch(
      `layers of widths ${[head.inputs, head.outputs, ...widths].join(', ')} with head`,
      `head from ${trunk.embedding} and two Linear layers after it`,
    );
  }
  const poolNormEpsilon = readLayerNorm(root.child('fc_norm', 'LayerNorm'));
  return { imageSize, bands, encoder: { ...trunk, poolNormEpsilon, headFeatures: head.outputs, hidden, features } };
}

/** Reads a vision transformer as timm and masked autoencoders have it. */
export function readTransformerModules(root: ModuleView): {
  readonly imageSize: number;
  readonly bands: number;
  readonly transformer: TransformerConfig;
  /** Undefined: there is no head. */
  readonly outputs: number | undefined;
} {
  root.only('patch_embed', 'blocks', 'norm', 'fc_norm', 'head');
  const { imageSize, bands, trunk } = readTrunk(root);
  const pool = root.has('fc_norm') ? 'patches' : 'class';
  if (pool === 'patches') {
    root.exactly('global_pool', 'avg', true);
    // LayerNorm of each token and then of their mean is another network.
    if (root.has('norm')) throw root.child('norm', 'LayerNorm').mismatch('there beside fc_norm', 'one of the two');
  } else root.exactly('global_pool', 'token', '', false, undefined);
  root.exactly('no_embed_class', false, undefined);
  const norm = root.child(pool === 'class' ? 'norm' : 'fc_norm', 'LayerNorm');
  const head = root.has('head') ? readLinear(root.child('head', 'Linear')) : undefined;
  return {
    imageSize,
    bands,
    transformer: { ...trunk, poolNormEpsilon: readLayerNorm(norm), pool },
    outputs: head?.outputs,
  };
}

function expectDims(module: ModuleView, name: string, expected: readonly number[]): void {
  const found = module.dims(name);
  if (!isDeepStrictEqual([...found], [...expected])) {
    throw module.mismatch(`a module whose ${name} has shape [${found.join(', ')}]`, `[${expected.join(', ')}]`);
  }
}

function readPatchEmbedding(module: ModuleView): {
  imageSize: number;
  patchSize: number;
  bands: number;
  embedding: number;
} {
  module.only('proj').exactly('flatten', true, undefined);
  const imageSize = module.square('img_size');
  const patchSize = module.square('patch_size');
  const proj = module.child('proj', 'Conv2d');
  const { inputs, outputs, kernel, stride, groups } = readConvolution(proj, () => 0);
  if (kernel !== patchSize || stride !== patchSize || groups !== 1 || imageSize % patchSize !== 0) {
    throw proj.mismatch(
      `a convolution of kernel ${kernel}, stride ${stride} and ${groups} groups over ${imageSize} pixels`,
      `one of kernel and stride ${patchSize}, 1 group, over a multiple of ${patchSize} pixels`,
    );
  }
  return { imageSize, patchSize, bands: inputs, embedding: outputs };
}

type BlockSettings = Pick<
  TrunkConfig,
  'heads' | 'attentionScale' | 'attentionBias' | 'mlpHidden' | 'normEpsilon' | 'pcm'
>;

function readBlock(block: ModuleView, embedding: number): BlockSettings {
  const isCell = block.as('NormalCell', 'Block').className === 'NormalCell';
  block.only('norm1', 'attn', 'norm2', 'mlp', ...(isCell ? ['PCM'] : []));
  // Without a class token the cell would lay all tokens out as a square, and 1 + side^2 never is one.
  if (isCell) block.exactly('class_token', true);
  const normEpsilon = readLayerNorm(block.child('norm1', 'LayerNorm'));
  const other = readLayerNorm(block.child('norm2', 'LayerNorm'));
  if (normEpsilon !== other) {
    throw block.mismatch(`a block with LayerNorms of epsilon ${normEpsilon} and ${other}`, 'the same for both');
  }
  const attention = block.child('attn', 'Attention');
  return {
    ...readAttention(attention, isCell, embedding),
    mlpHidden: readMlp(block.child('mlp', 'Mlp'), embedding),
    normEpsilon,
    pcm: isCell ? readPcm(block.child('PCM', 'Sequential'), embedding) : null,
  };
}

function readAttention(
  attention: ModuleView,
  isCell: boolean,
  embedding: number,
): Pick<TrunkConfig, 'heads' | 'attentionScale' | 'attentionBias'> {
  attention.only('qkv', 'proj');
  const layer = attention.child('qkv', 'Linear');
  const whole = !isCell && layer.hasParameter('bias');
  const qkv = readLinear(layer, whole);
  const proj = readLinear(attention.child('proj', 'Linear'));
  const heads = attention.integer('num_heads');
  if (qkv.inputs !== embedding || qkv.outputs !== 3 * embedding || proj.inputs !== embedding) {
    throw layer.mismatch(`a Linear from ${qkv.inputs} to ${qkv.outputs}`, `${embedding} to ${3 * embedding}`);
  }
  if (heads < 1 || embedding % heads !== 0) {
    throw attention.mismatch(`attention of ${heads} heads`, `a number of heads that divides ${embedding}`);
  }
  const [query, value] = ['q_bias', 'v_bias'].map((name) => attention.hasParameter(name));
  if (query !== value || (whole && query)) {
    throw attention.mismatch(
      'attention with one of q_bias and v_bias, or with these and a bias of qkv',
      'both or none',
    );
  }
  return { heads, attentionScale: attention.number('scale'), attentionBias: whole ? 'qkv' : query ? 'qv' : 'none' };
}

function readMlp(mlp: ModuleView, embedding: number): number {
  mlp.only('fc1', 'act', 'fc2').child('act', 'GELU').exactly('approximate', 'none', undefined);
  const first = readLinear(mlp.child('fc1', 'Linear'));
  const second = readLinear(mlp.child('fc2', 'Linear'));
  if (first.inputs !== embedding || second.inputs !== first.outputs || second.outputs !== embedding) {
    throw mlp.mismatch(
      `an MLP of widths ${first.inputs}, ${first.outputs}, ${second.inputs}, ${second.outputs}`,
      `one from ${embedding} back to ${embedding}`,
    );
  }
  return first.outputs;
}

function readPcm(sequence: ModuleView, embedding: number): PcmConfig {
  const [first, norm, activation, second, ...more] = sequence.items();
  if (!first || !norm || !activation || !second || more.length > 0) {
    throw sequence.mismatch('of another length', 'Conv2d, BatchNorm2d, SiLU, Conv2d');
  }
  activation.as('SiLU');
  const widen = readConvolution(first, (kernel) => kernel >> 1);
  const narrow = readConvolution(second, (kernel) => kernel >> 1);
  const fits =
    widen.inputs === embedding &&
    narrow.outputs === embedding &&
    narrow.inputs === widen.outputs &&
    narrow.kernel === widen.kernel &&
    narrow.groups === widen.groups &&
    widen.kernel % 2 === 1 &&
    widen.stride === 1 &&
    narrow.stride === 1;
  if (!fits) {
    throw sequence.mismatch(
      `convolutions ${JSON.stringify(widen)} and ${JSON.stringify(narrow)}`,
      `from ${embedding} channels and back, of one odd kernel size and group count, stride 1`,
    );
  }
  return {
    kernel: widen.kernel,
    groups: widen.groups,
    hidden: widen.outputs,
    batchNormEpsilon: readBatchNorm(norm),
  };
}
