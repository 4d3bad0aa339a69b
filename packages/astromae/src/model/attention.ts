import { itemAt } from '@cosmicai/payload';
import type { TrunkConfig } from '../config.ts';
import { floats, scalar, type FloatTensor } from '../graph/graph.ts';
import { tokenLinear, weight, type Drawing } from './layers.ts';

/** Multi-head softmax attention over tokens [B, N, D], N = `tokens`. */
export function attention(drawing: Drawing, name: string, input: string, tokens: number, encoder: TrunkConfig): string {
  const { graph } = drawing;
  const { embedding, heads, attentionScale } = encoder;
  const qkv = tokenLinear(drawing, `${name}.qkv`, input, attentionBias(drawing, name, encoder));

  const shape = graph.integers(`${name}.qkv.shape`, [0, tokens, 3, heads, embedding / heads]);
  const byHead = graph.node(
    `${name}.qkv.heads`,
    'Transpose',
    [graph.node(`${name}.qkv.view`, 'Reshape', [qkv, shape])],
    {
      attributes: { perm: { ints: [2, 0, 3, 1, 4] } },
    },
  );
  const parts = graph.split(`${name}.parts`, 'Split', 3, [byHead], {
    attributes: { axis: { int: 0 }, num_outputs: { int: 3 } },
  });
  const first = graph.integers(`${name}.parts.axis`, [0]);
  const part = (suffix: string, index: number): string =>
    graph.node(`${name}.${suffix}`, 'Squeeze', [itemAt(parts, index), first]);
  const query = part('q', 0);
  const key = part('k', 1);
  const value = part('v', 2);

  const scaled = graph.node(`${name}.q.scaled`, 'Mul', [
    query,
    graph.constant(`${name}.scale`, scalar(attentionScale)),
  ]);
  const turned = graph.node(`${name}.k.turned`, 'Transpose', [key], { attributes: { perm: { ints: [0, 1, 3, 2] } } });
  const logits = graph.node(`${name}.logits`, 'MatMul', [scaled, turned]);
  const shares = graph.node(`${name}.shares`, 'Softmax', [logits], { attributes: { axis: { int: -1 } } });
  const mixed = graph.node(`${name}.mixed`, 'MatMul', [shares, value]);
  const joined = graph.node(`${name}.joined`, 'Transpose', [mixed], { attributes: { perm: { ints: [0, 2, 1, 3] } } });
  const flat = graph.node(`${name}.flat`, 'Reshape', [
    joined,
    graph.integers(`${name}.flat.shape`, [0, tokens, embedding]),
  ]);
  return tokenLinear(drawing, `${name}.proj`, flat, weight(drawing, `${name}.proj.bias`));
}

/** The bias over query, key and value, [3 D]; normal cells keep only those of query and value. */
function attentionBias(drawing: Drawing, name: string, encoder: TrunkConfig): FloatTensor | null {
  switch (encoder.attentionBias) {
    case 'none':
      return null;
    case 'qkv':
      return weight(drawing, `${name}.qkv.bias`);
    case 'qv': {
      const joined = new Float32Array(3 * encoder.embedding);
      joined.set(weight(drawing, `${name}.q_bias`).data, 0);
      joined.set(weight(drawing, `${name}.v_bias`).data, 2 * encoder.embedding);
      return floats([joined.length], joined);
    }
  }
}
