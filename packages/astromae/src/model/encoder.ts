import {
  gridSide,
  type EncoderConfig,
  type NetworkConfig,
  type TransformerConfig,
  type TrunkConfig,
} from '../config.ts';
import { poolNormName } from '../weights.ts';
import { scalar } from '../graph/graph.ts';
import { attention } from './attention.ts';
import { convolution, layerNorm, linear, parameter, tokenLinear, weight, type Drawing } from './layers.ts';
import { pcm } from './pcm.ts';

/** Image [B, bands, S, S] to the encoder's features [B, features]. */
export function encoder(drawing: Drawing, image: string, config: NetworkConfig, settings: EncoderConfig): string {
  const pooled = meanOfPatches(drawing, tokens(drawing, image, config, settings), gridSide(config, settings));
  const normed = layerNorm(drawing, 'fc_norm', pooled, settings.poolNormEpsilon);
  const hidden = linear(drawing, 'vit_block.0', linear(drawing, 'head', normed));
  return linear(drawing, 'vit_block.2', drawing.graph.node('vit_block.1', 'Relu', [hidden]));
}

/** Image [B, bands, S, S] to what a plain vision transformer answers, [B, outputs]; without a head the pooled tokens, [B, embedding]. */
export function transformer(
  drawing: Drawing,
  image: string,
  config: NetworkConfig,
  settings: TransformerConfig,
): string {
  const all = tokens(drawing, image, config, settings);
  const pooled =
    settings.pool === 'class' ? classToken(drawing, all) : meanOfPatches(drawing, all, gridSide(config, settings));
  const normed = layerNorm(drawing, poolNormName(settings), pooled, settings.poolNormEpsilon);
  return config.answer === 'features' ? normed : linear(drawing, 'head', normed);
}

function tokens(drawing: Drawing, image: string, config: NetworkConfig, settings: TrunkConfig): string {
  const side = gridSide(config, settings);
  let values = embed(drawing, image, side, settings);
  for (let index = 0; index < settings.depth; index++) {
    values = block(drawing, `blocks.${index}`, values, side, settings);
  }
  return values;
}

/** Patches to tokens, class token first, plus the position of each. */
function embed(drawing: Drawing, image: string, side: number, { embedding, patchSize }: TrunkConfig): string {
  const { graph } = drawing;
  const grid = convolution(drawing, 'patch_embed.proj', image, { stride: patchSize });
  const flat = graph.node('patch_embed.flat', 'Reshape', [
    grid,
    graph.integers('patch_embed.flat.shape', [0, embedding, side ** 2]),
  ]);
  const patches = graph.node('patch_embed', 'Transpose', [flat], { attributes: { perm: { ints: [0, 2, 1] } } });
  const batch = graph.node('cls.batch', 'Shape', [image], { attributes: { start: { int: 0 }, end: { int: 1 } } });
  const shape = graph.node('cls.shape', 'Concat', [batch, graph.integers('cls.dims', [1, embedding])], {
    attributes: { axis: { int: 0 } },
  });
  const cls = graph.node('cls', 'Expand', [parameter(drawing, 'cls_token'), shape]);
  const tokens = graph.node('tokens', 'Concat', [cls, patches], { attributes: { axis: { int: 1 } } });
  return graph.node('tokens.placed', 'Add', [tokens, parameter(drawing, 'pos_embed')]);
}

function block(drawing: Drawing, name: string, input: string, side: number, settings: TrunkConfig): string {
  const { graph } = drawing;
  const { embedding, normEpsilon, pcm: convolutions } = settings;
  const normed = layerNorm(drawing, `${name}.norm1`, input, normEpsilon);
  const attended = attention(drawing, `${name}.attn`, normed, 1 + side * side, settings);
  let middle = graph.node(`${name}.attended`, 'Add', [input, attended]);
  if (convolutions) {
    const local = pcm(drawing, `${name}.PCM`, input, side, embedding, convolutions);
    middle = graph.node(`${name}.convolved`, 'Add', [middle, local]);
  }
  const fresh = mlp(drawing, `${name}.mlp`, layerNorm(drawing, `${name}.norm2`, middle, normEpsilon));
  return graph.node(name, 'Add', [middle, fresh]);
}

function mlp(drawing: Drawing, name: string, input: string): string {
  const wide = tokenLinear(drawing, `${name}.fc1`, input, weight(drawing, `${name}.fc1.bias`));
  return tokenLinear(drawing, `${name}.fc2`, gelu(drawing, `${name}.act`, wide), weight(drawing, `${name}.fc2.bias`));
}

/** x / 2 (1 + erf(x / sqrt 2)), the exact GELU. */
function gelu({ graph }: Drawing, name: string, input: string): string {
  const root = graph.constant(`${name}.root`, scalar(Math.SQRT2));
  const one = graph.constant(`${name}.one`, scalar(1));
  const half = graph.constant(`${name}.half`, scalar(0.5));
  const error = graph.node(`${name}.erf`, 'Erf', [graph.node(`${name}.ratio`, 'Div', [input, root])]);
  const share = graph.node(`${name}.share`, 'Add', [error, one]);
  return graph.node(name, 'Mul', [graph.node(`${name}.double`, 'Mul', [input, share]), half]);
}

function meanOfPatches({ graph }: Drawing, tokens: string, side: number): string {
  const patches = graph.node('pool.patches', 'Slice', [
    tokens,
    graph.integers('pool.patches.start', [1]),
    graph.integers('pool.patches.end', [1 + side ** 2]),
    graph.integers('pool.patches.axis', [1]),
  ]);
  return graph.node('pool', 'ReduceMean', [patches, graph.integers('pool.axis', [1])], {
    attributes: { keepdims: { int: 0 } },
  });
}

function classToken({ graph }: Drawing, tokens: string): string {
  const first = graph.node('pool.class', 'Slice', [
    tokens,
    graph.integers('pool.class.start', [0]),
    graph.integers('pool.class.end', [1]),
    graph.integers('pool.class.axis', [1]),
  ]);
  return graph.node('pool', 'Squeeze', [first, graph.integers('pool.axis', [1])]);
}
