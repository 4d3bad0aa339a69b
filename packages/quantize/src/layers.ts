import { UserInputError, type QuantizedLayer } from '@cosmicai/payload';
import { BLOCK } from './integers.ts';
import type { Product, Way, WayOfProduct } from './products.ts';

/** The products of one value, query, key and value of an attention say: it becomes integers once for all of them. */
export interface Layer {
  readonly input: string;
  readonly products: readonly Product[];
}

/** What a layer in integers gives, and what it costs. */
export interface MeasuredLayer {
  readonly layer: Layer;
  readonly way: Way;
  /** Of the input, for one galaxy. */
  readonly rows: number;
  /** Microseconds for a galaxy on one thread, the input's way to integers included. */
  readonly floatTime: number;
  readonly integerTime: number;
  /** Largest change of an answer when this layer alone is in integers, as a share of what is allowed. */
  readonly change: number;
}

/** Layers that are done in integers, and how. */
export type Choice = ReadonlyMap<Layer, Way>;

/** Their products, in the order of the graph. */
export function productsIn(chosen: Choice, products: readonly Product[]): WayOfProduct[] {
  const ways = new Map([...chosen].flatMap(([layer, way]) => layer.products.map((product) => [product, way] as const)));
  return products.flatMap((product) => {
    const way = ways.get(product);
    return way === undefined ? [] : [{ product, way }];
  });
}

/**
 * Of what is allowed, all chosen layers together: their changes add as independent ones do, and among thousands of galaxies one changes
 * about 2.7 times as much as the most of the few on which layers are measured (the demo model).
 */
const BUDGET = 1 / 3;

/** In the order of the graph. */
export function layersOf(products: readonly Product[]): Layer[] {
  const layers = new Map<string, Product[]>();
  for (const product of products) {
    const known = layers.get(product.input);
    if (known === undefined) layers.set(product.input, [product]);
    else known.push(product);
  }
  return [...layers].map(([input, those]) => ({ input, products: those }));
}

/**
 * The layers that are faster in integers, those that save most for what they change first, as long as all together change little enough.
 *
 * @param budget share of the allowed change that they may use
 */
export function chooseLayers(measured: readonly MeasuredLayer[], budget = BUDGET): readonly MeasuredLayer[] {
  const saves = ({ floatTime, integerTime }: MeasuredLayer) => floatTime - integerTime;
  // What changes nothing is worth endlessly much.
  const price = (layer: MeasuredLayer) => layer.change ** 2 / saves(layer);
  const chosen: MeasuredLayer[] = [];
  let used = 0;
  for (const one of measured.filter((layer) => saves(layer) > 0).sort((a, b) => price(a) - price(b))) {
    if (!(used + one.change ** 2 <= budget ** 2)) continue;
    used += one.change ** 2;
    chosen.push(one);
  }
  return chosen;
}

/** What layers that were chosen leave of the change that all may make. */
export function budgetLeft(chosen: readonly MeasuredLayer[], budget = BUDGET): number {
  return Math.sqrt(Math.max(0, budget ** 2 - chosen.reduce((sum, { change }) => sum + change ** 2, 0)));
}

/** The layers as a file says them, each with what its way rests on. */
export function notedLayers(measured: readonly MeasuredLayer[], chosen: Choice): QuantizedLayer[] {
  return measured.map(({ layer, way, rows, floatTime, integerTime, change }) => ({
    products: layer.products.map(nameOf),
    rows,
    depth: layer.products[0]?.weights.rows ?? 0,
    columns: layer.products.reduce((sum, { weights }) => sum + weights.columns, 0),
    fp32_us: figure(floatTime),
    int8_us: figure(integerTime),
    change: figure(change),
    integers: chosen.has(layer),
    ...(way === 'blocks' && { block: BLOCK }),
  }));
}

/**
 * The layers that an earlier choice names.
 *
 * @throws UserInputError when the model has others
 */
export function recordedChoice(layers: readonly Layer[], recorded: readonly QuantizedLayer[], label: string): Choice {
  const byName = new Map(layers.flatMap((layer) => layer.products.map((product) => [nameOf(product), layer] as const)));
  const chosen = new Map<Layer, Way>();
  for (const { products, block } of recorded.filter(({ integers }) => integers))
    for (const name of products) {
      const layer = byName.get(name);
      if (layer === undefined)
        throw new UserInputError(
          `The choice of layers is not of ${label}, which has no product ${name}. Without --layers they are measured anew.`,
        );
      chosen.set(layer, block === undefined ? 'columns' : 'blocks');
    }
  return chosen;
}

function nameOf({ node }: Product): string {
  return node.name || (node.output[0] ?? '');
}

/** Endless changes have no figure in JSON. */
function figure(value: number): number {
  return Number(Math.min(value, 1e9).toPrecision(3));
}
