import { mappingEntries, type PickleNode, type TorchFile } from '@cosmicai/torchfile';

/** Where Lightning keeps what a module was made with. */
const KEPT_AS = 'hyper_parameters';
/** What constructors call the number of attention heads. */
const HEADS = new Set(['num_heads', 'n_heads', 'nheads', 'heads', 'num_attention_heads']);
const DEEPEST = 4;

interface SaidHeads {
  readonly heads: number | undefined;
  /** The entry that says it. */
  readonly saidBy: string | undefined;
}

/** The number of attention heads among the hyperparameters that Lightning keeps in a checkpoint; undefined where they say none, or two. */
export function headsIn(file: TorchFile): SaidHeads {
  const root = entryOf(file.root, KEPT_AS);
  const found = root === undefined ? [] : headsWithin(root, KEPT_AS, 0);
  const [first] = found;
  const agree = found.every(({ heads }) => heads === first?.heads);
  return first !== undefined && agree ? first : { heads: undefined, saidBy: undefined };
}

function headsWithin(node: PickleNode, path: string, depth: number): SaidHeads[] {
  if (depth > DEEPEST) return [];
  return (mappingEntries(node) ?? []).flatMap(([key, value]) => {
    if (typeof key !== 'string') return [];
    const place = `${path}.${key}`;
    if (HEADS.has(key)) return Number.isSafeInteger(value) ? [{ heads: Number(value), saidBy: place }] : [];
    return headsWithin(value, place, depth + 1);
  });
}

function entryOf(node: PickleNode, name: string): PickleNode | undefined {
  return mappingEntries(node)?.find(([key]) => key === name)?.[1];
}
